"""A process that watches Keel and what is built on it, and says when somebody should look."""
