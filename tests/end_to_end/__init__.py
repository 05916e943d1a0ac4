"""The signed webhook in, the read model over HTTP out, with every process real."""
