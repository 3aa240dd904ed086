"""The networks, their weights and cards, and what runs them."""
