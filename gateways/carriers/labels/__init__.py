"""Label files: true PDF and ZPL, made when they are fetched."""
