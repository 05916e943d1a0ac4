"""
TikTok Shop: its Partner API as it is documented, its webhooks, and what buyers do there.

Orders, stock and requests are kept in memory and are gone after a restart; shipped packages are in the record.
"""
