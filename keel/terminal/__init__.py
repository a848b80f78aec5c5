"""What people at a terminal share: amounts, tables, connections, and errors in one line."""
