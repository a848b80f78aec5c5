"""One local page that shows Keel as the chain and the beacon chain have it, and lets people act."""
