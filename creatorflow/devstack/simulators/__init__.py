"""TikTok Shop, a carrier and a supplier as HTTP servers of their own, which can be told to be slow, wrong or down."""
