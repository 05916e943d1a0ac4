"""One suite per Protocol, run on the local counterpart and over HTTP on a simulator."""
