"""TikTok Shop, as its Partner API is documented."""
