"""Every claim as a script that starts what it needs, measures, and exits 0 only if the claim holds."""
