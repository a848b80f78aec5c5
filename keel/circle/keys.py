"""Keys of a local chain's accounts: Anvil's well-known ones."""

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.signers.local import LocalAccount

from keel.chain.anvil import TEST_MNEMONIC
from keel.deploy.actors import ACTORS

_PATH = "m/44'/60'/0'/0/{}"  # BIP-44, as Anvil and Ape derive their accounts


def account_of(actor: str) -> LocalAccount:
    """Return the account of an actor; raises ValueError for an unknown one."""
    return account_numbered(ACTORS.index(actor))


def account_numbered(number: int) -> LocalAccount:
    """Return an account of the well-known phrase, by its number."""
    seed = seed_from_mnemonic(TEST_MNEMONIC, passphrase="")
    account: LocalAccount = Account.from_key(key_from_seed(seed, _PATH.format(number)))
    return account
