"""What several nodes, none of them trusted alone, say of both layers of a chain.

`beacon_node` speaks the standard Beacon API to one node. `panel` asks several at once and leaves
silent ones out for a while, `agreement` counts equal answers. `agreed_beacon` and `agreed_rpc` are
what services read: the consensus layer, and the execution layer as a drop-in for RpcClient, whose
`methods` say for each JSON-RPC method what agreement means.
"""
