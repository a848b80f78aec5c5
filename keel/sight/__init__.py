"""What reporter, keeper and page see of both layers: keys and how they stand, books, events."""
