"""What the market says of wkETH: pools, feeds and loans that a manifest names."""
