"""Where contracts will be, computed before they exist (CREATE2, CREATE3)."""

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.chain.abi import checksummed

CREATE2_DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
"""The deterministic deployment proxy, at this address on nearly every chain and on Anvil.

Source: Arachnid/deterministic-deployment-proxy. Calldata: 32 bytes of salt, then creation code.
"""

LIBRARY_SALT = bytes(32)
"""Libraries have no parameters: every deployment of the same code shares them."""

_CREATE3_PROXY_HASH = keccak(hexstr="67363d3d37363d34f03d5260086018f3")  # Solady's CREATE3
_ADDRESS_BYTES = 20


def create2_address(deployer: str, salt: bytes, creation_code_hash: bytes) -> str:
    """Address by EIP-1014."""
    packed = b"\xff" + _bytes(deployer) + salt + creation_code_hash
    return _address(keccak(packed))


def library_address(creation_code: bytes) -> str:
    """Address of an external library, which toolchain/link.cjs writes into its users' code."""
    return create2_address(CREATE2_DEPLOYER, LIBRARY_SALT, keccak(creation_code))


def create3_address(factory: str, deployer: str, salt: bytes) -> str:
    """Address that contracts/deploy/Create3Factory.sol gives to this deployer and salt."""
    own_salt = keccak(encode(["address", "bytes32"], [deployer, salt]))
    proxy = create2_address(factory, own_salt, _CREATE3_PROXY_HASH)
    # RLP of [proxy, nonce 1]: the proxy creates exactly one contract.
    return _address(keccak(b"\xd6\x94" + _bytes(proxy) + b"\x01"))


def salt_of(name: str, version: str) -> bytes:
    """Salt of a contract; another version is another deployment."""
    return bytes(keccak(text=f"{name}:{version}"))


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address.removeprefix("0x"))


def _address(digest: bytes) -> str:
    return checksummed("0x" + digest[-_ADDRESS_BYTES:].hex())
