"""How far expected penalties are from what the specification takes."""
