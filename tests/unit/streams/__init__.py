"""What is moved, without a broker and without a database."""
