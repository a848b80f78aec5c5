"""Keys of services and the one who sends their transactions.

Amounts are ints in wei. Nothing here waits: a service calls `Sender.tend` at every head.
"""
