"""Voluntary exits, signed by the validator's key; those of EIP-7002 are in requests.py."""

from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import UnknownValidatorError


def exit_voluntarily(chain: BeaconChain, index: int) -> None:
    """Queue a validator's exit for the next block.

    Raises OperationRefusedError when the specification refuses it, as it does too early after
    the activation, and UnknownValidatorError for a validator whose key is not here.
    """
    spec = chain.spec
    if not 0 <= index < len(chain.state.validators):
        raise UnknownValidatorError(f"no validator has the index {index}")
    message = spec.VoluntaryExit(epoch=chain.epoch, validator_index=index)
    # EIP-7044: exits are signed for the Capella fork for good.
    domain = spec.compute_domain(
        spec.DOMAIN_VOLUNTARY_EXIT,
        spec.config.CAPELLA_FORK_VERSION,
        chain.state.genesis_validators_root,
    )
    pubkey = bytes(chain.state.validators[index].pubkey)
    signature = chain.keys.sign(pubkey, bytes(spec.compute_signing_root(message, domain)))
    signed = spec.SignedVoluntaryExit(message=message, signature=spec.BLSSignature(signature))
    chain.pool.submit(spec, chain.state, "voluntary_exits", signed)
