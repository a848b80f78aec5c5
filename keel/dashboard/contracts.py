"""What each contract is for, in a few words, and the tokens that wallets can show (EIP-747)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """As wallets ask for it; `contract` is the name in the manifest."""

    contract: str
    symbol: str
    decimals: int


TOKENS = (Token("StakingVault", "kETH", 18), Token("WrappedKeelEther", "wkETH", 18))

PURPOSES: Mapping[str, str] = {
    "StakingVault": "deposits, and kETH itself: a balance that grows with each report",
    "WrappedKeelEther": "wkETH (ERC-4626): the amount is fixed, the price grows",
    "WithdrawalQueue": "tickets (ERC-721) that become ether",
    "InstantRedemption": "ether at once, for a fee",
    "AccountingOracle": "reports of the committee",
    "OperatorRegistry": "operators, their keys and rewards",
    "OperatorBonds": "operators' wkETH, 1 ETH worth for each 32; forfeited ones cover first",
    "InsuranceFund": "underwriters' wkETH, which covers losses before holders do",
    "ValidatorProofs": "what the beacon chain's state says of validators, by proof",
    "WithdrawalVault": "receives withdrawals from the beacon chain",
    "Exits": "which exits may be asked of the beacon chain, by whom and when",
    "RewardsVault": "receives validators' fees and MEV",
    "AccessManager": "roles: who may call what",
    "WithdrawalVaultImplementation": "the code behind WithdrawalVault, which is a proxy",
    "Reports": "the vault's code for reports, a library that holds nothing",
    "Create3Factory": "deployed the others, at addresses known in advance",
}
"""By the contract's name in the manifest."""
