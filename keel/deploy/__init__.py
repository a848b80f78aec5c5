"""Deploy Keel, write down what was deployed, and verify the chain against it.

The target is data: profiles, parameters, roles, configuration, plan. `deploy` makes it so on
any network, `verify` re-reads the chain and names every difference.
"""
