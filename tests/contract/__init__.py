"""What others rely on and must not change unseen."""
