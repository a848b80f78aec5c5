"""The commands of `ape run`, which finds them through the link scripts/, and of `keel`."""
