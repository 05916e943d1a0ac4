"""What is asked of others: marketplaces, carriers, suppliers and notifiers."""
