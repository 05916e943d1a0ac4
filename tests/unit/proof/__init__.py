"""How proofs are run and written down."""
