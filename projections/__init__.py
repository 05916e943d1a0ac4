"""What is shown: read models made from public events, and the queries over them."""
