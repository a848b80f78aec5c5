"""The contracts' functions with their types; written by `make types` from the ABIs.

A call is a read, `send` a transaction: `vault.balanceOf(holder)`, `vault.deposit.send(...)`. The
first type is the result's, the others are the arguments'. Structs and several results come as
named tuples with these fields; functions that share a name are not checked.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keel.chain.abi import AddressLike, Struct
from keel.chain.contract import Contract, Function


class AccessManagerCanCall(NamedTuple):
    """AccessManagerCanCall."""

    immediate: bool
    delay: int


class AccessManagerGetAccess(NamedTuple):
    """AccessManagerGetAccess."""

    since: int
    currentDelay: int
    pendingDelay: int
    effect: int


class AccessManagerHasRole(NamedTuple):
    """AccessManagerHasRole."""

    isMember: bool
    executionDelay: int


class AccessManagerSchedule(NamedTuple):
    """AccessManagerSchedule."""

    operationId: bytes
    nonce: int


class StakingVaultConsensus(NamedTuple):
    """StakingVaultConsensus."""

    balanceWei: int
    pendingWei: int
    lastRefTime: int
    announcedAt: int


class StakingVaultEip712Domain(NamedTuple):
    """StakingVaultEip712Domain."""

    fields: bytes
    name: str
    version: str
    chainId: int
    verifyingContract: str
    salt: bytes
    extensions: tuple[int, ...]


class StakingVaultModules(NamedTuple):
    """StakingVaultModules."""

    oracle: str
    fund: str
    proofs: str


class StakingVaultReportOutcome(NamedTuple):
    """StakingVaultReportOutcome."""

    profitWei: int
    feeWei: int
    feeShares: int
    operatorShares: int
    lossWei: int
    bondWei: int
    bondShares: int
    unvestedLossWei: int
    coverWei: int
    coverShares: int
    holdersLossWei: int
    ticketsLossWei: int
    ticketIndex: int
    lastTicket: int
    finalisedWei: int
    sharesAfter: int
    assetsAfter: int
    unvestedAfter: int
    streamSeconds: int


class StakingVaultReportBase(NamedTuple):
    """StakingVaultReportBase."""

    expectedWei: int
    mostConsensusWei: int
    unvestedWei: int
    lastRefTime: int
    stakedValidators: int
    announcedAt: int
    announcedWei: int


class StakingVaultStream(NamedTuple):
    """StakingVaultStream."""

    unvestedAtStartWei: int
    streamEnd: int
    streamSeconds: int


class StakingVaultTerms(NamedTuple):
    """StakingVaultTerms."""

    feeBps: int
    insuranceBps: int
    treasury: str
    depositLimitEther: int


class StakingVaultTotals(NamedTuple):
    """StakingVaultTotals."""

    shares: int
    assetsWei: int
    unvestedWei: int


class WrappedKeelEtherEip712Domain(NamedTuple):
    """WrappedKeelEtherEip712Domain."""

    fields: bytes
    name: str
    version: str
    chainId: int
    verifyingContract: str
    salt: bytes
    extensions: tuple[int, ...]


class WithdrawalQueueFinalisable(NamedTuple):
    """WithdrawalQueueFinalisable."""

    lastTicket_: int
    costWei: int


class WithdrawalQueuePending(NamedTuple):
    """WithdrawalQueuePending."""

    normalised: int
    index: int  # type: ignore[assignment]


class WithdrawalQueueTicket(NamedTuple):
    """WithdrawalQueueTicket."""

    owner: str
    state: int
    amountWei: int
    worthWei: int
    requestedAt: int
    likelyPaidAt: int


class InstantRedemptionPreviewRedeem(NamedTuple):
    """InstantRedemptionPreviewRedeem."""

    paidWei: int
    feeWei: int


class InstantRedemptionTerms(NamedTuple):
    """InstantRedemptionTerms."""

    minFeeBps: int
    maxFeeBps: int
    targetGwei: int
    limitGwei: int


class AccountingOracleEip712Domain(NamedTuple):
    """AccountingOracleEip712Domain."""

    fields: bytes
    name: str
    version: str
    chainId: int
    verifyingContract: str
    salt: bytes
    extensions: tuple[int, ...]


class StakingVaultReportInput(NamedTuple):
    """StakingVaultReportInput."""

    refTime: int
    consensusBalanceWei: int
    withdrawalsWei: int
    rewardsWei: int
    lastTicketHint: int
    operatorsBps: int


class AccountingOracleJudgement(NamedTuple):
    """AccountingOracleJudgement."""

    growthWei: int
    lossWei: int
    drawnWei: int
    beyondLimit: bool
    limitWei: int
    input: StakingVaultReportInput


class AccountingOracleLastReport(NamedTuple):
    """AccountingOracleLastReport."""

    refSlot: int
    activeValidators: int
    exitedValidators: int
    slashedValidators: int
    root: bytes


class AccountingOracleReportableSlot(NamedTuple):
    """AccountingOracleReportableSlot."""

    refSlot: int
    nextReportableAt: int


class AccountingOracleSimulate(NamedTuple):
    """AccountingOracleSimulate."""

    judgement: AccountingOracleJudgement
    outcome: StakingVaultReportOutcome


class OperatorRegistryKey(NamedTuple):
    """OperatorRegistryKey."""

    operatorId: int
    stage: int
    validatorIndex: int
    parts: int


class OperatorRegistryNextCommission(NamedTuple):
    """OperatorRegistryNextCommission."""

    commissionBps: int
    since: int


class OperatorRegistryNextRewardAddress(NamedTuple):
    """OperatorRegistryNextRewardAddress."""

    rewardAddress: str
    since: int


class OperatorRegistryOperator(NamedTuple):
    """OperatorRegistryOperator."""

    name: str
    manager: str
    rewardAddress: str
    limit: int
    staked: int
    withdrawn: int
    targetBps: int
    active: bool
    frozen: bool
    commissionBps: int


class OperatorRegistryTotals(NamedTuple):
    """OperatorRegistryTotals."""

    staked: int
    withdrawn: int
    liveKeys: int
    targetBps: int
    lastWithdrawnAt: int


class OperatorBondsBond(NamedTuple):
    """OperatorBondsBond."""

    units: int
    parts: int


class OperatorBondsLeaving(NamedTuple):
    """OperatorBondsLeaving."""

    units: int
    operatorId: int
    payableAt: int


class ExitsLeaving(NamedTuple):
    """ExitsLeaving."""

    since: int
    balanceGwei: int
    parts: int
    isAsked: bool


class ExitsStanding(NamedTuple):
    """ExitsStanding."""

    live: int
    least: int


class ExitsWatch(NamedTuple):
    """ExitsWatch."""

    slot: int
    balanceGwei: int
    inactiveAt: int


class InsuranceFundCooldown(NamedTuple):
    """InsuranceFundCooldown."""

    shares: int
    windowStart: int
    windowEnd: int


class AccessManager(Contract):
    """AccessManager on one chain."""

    ADMIN_ROLE: Function[int]
    PUBLIC_ROLE: Function[int]
    canCall: Function[AccessManagerCanCall, AddressLike, AddressLike, bytes]
    cancel: Function[int, AddressLike, AddressLike, bytes]
    consumeScheduledOp: Function[None, AddressLike, bytes]
    execute: Function[int, AddressLike, bytes]
    expiration: Function[int]
    getAccess: Function[AccessManagerGetAccess, int, AddressLike]
    getNonce: Function[int, bytes]
    getRoleAdmin: Function[int, int]
    getRoleGrantDelay: Function[int, int]
    getRoleGuardian: Function[int, int]
    getSchedule: Function[int, bytes]
    getTargetAdminDelay: Function[int, AddressLike]
    getTargetFunctionRole: Function[int, AddressLike, bytes]
    grantRole: Function[None, int, AddressLike, int]
    hasRole: Function[AccessManagerHasRole, int, AddressLike]
    hashOperation: Function[bytes, AddressLike, AddressLike, bytes]
    isTargetClosed: Function[bool, AddressLike]
    labelRole: Function[None, int, str]
    minSetback: Function[int]
    multicall: Function[tuple[bytes, ...], Sequence[bytes]]
    renounceRole: Function[None, int, AddressLike]
    revokeRole: Function[None, int, AddressLike]
    schedule: Function[AccessManagerSchedule, AddressLike, bytes, int]
    setGrantDelay: Function[None, int, int]
    setRoleAdmin: Function[None, int, int]
    setRoleGuardian: Function[None, int, int]
    setTargetAdminDelay: Function[None, AddressLike, int]
    setTargetClosed: Function[None, AddressLike, bool]
    setTargetFunctionRole: Function[None, AddressLike, Sequence[bytes], int]
    updateAuthority: Function[None, AddressLike, AddressLike]
    wasCancelled: Function[bool, bytes]


class StakingVault(Contract):
    """StakingVault on one chain."""

    BONDS: Function[str]
    DEPOSIT_CONTRACT: Function[str]
    DOMAIN_SEPARATOR: Function[bytes]
    FRAME_ORIGIN: Function[int]
    FRAME_SECONDS: Function[int]
    INSTANT_REDEMPTION: Function[str]
    LOSS_LIMIT_BPS: Function[int]
    LOSS_PERIOD_SECONDS: Function[int]
    MAX_FEE_RAY_PER_DAY: Function[int]
    MAX_PAUSE_SECONDS: Function[int]
    QUEUE: Function[str]
    REGISTRY: Function[str]
    REWARDS_VAULT: Function[str]
    STAKE_FLOOR_WEI: Function[int]
    STAKE_LIMIT_BPS: Function[int]
    STREAM_CAP_RAY_PER_DAY: Function[int]
    WITHDRAWAL_VAULT: Function[str]
    WRAPPED: Function[str]
    allowance: Function[int, AddressLike, AddressLike]
    announceLoss: Function[None, int, int]
    applyReport: Function[None, Struct]
    approve: Function[bool, AddressLike, int]
    authority: Function[str]
    balanceOf: Function[int, AddressLike]
    bufferedWei: Function[int]
    burnForTicket: Function[int, AddressLike, int]
    consensus: Function[StakingVaultConsensus]
    decimals: Function[int]
    deposit: Function[int, AddressLike, AddressLike]
    depositWrapped: Function[int, AddressLike, AddressLike]
    depositableWei: Function[int]
    depositsReopenAt: Function[int]
    eip712Domain: Function[StakingVaultEip712Domain]
    finaliseWithoutReport: Function[None, int]
    freeWei: Function[int]
    fundMore: Function[int, bytes, int]
    fundValidators: Function[int, bytes]
    isConsumingScheduledOp: Function[bytes]
    isInsolvent: Function[bool]
    lossAllowanceWei: Function[int]
    lossCarryWei: Function[int]
    modules: Function[StakingVaultModules]
    name: Function[str]
    newestRefTime: Function[int]
    nonces: Function[int, AddressLike]
    noteSlashing: Function[None, int, int]
    pause: Function[None, int, int]
    pausedUntil: Function[int, int]
    permit: Function[Any, *tuple[Any, ...]]
    previewReport: Function[StakingVaultReportOutcome, Struct]
    receiveRewards: Function[None]
    receiveWithdrawals: Function[None]
    recordWei: Function[int]
    redeemFor: Function[None, AddressLike, int, int, AddressLike]
    reportBase: Function[StakingVaultReportBase, int]
    setAuthority: Function[None, AddressLike]
    setModules: Function[None, Struct, Sequence[bytes]]
    setTerms: Function[None, Struct]
    sharesOf: Function[int, AddressLike]
    slashedWei: Function[int]
    stakeableValidators: Function[int]
    state: Function[int]
    stream: Function[StakingVaultStream]
    sweepWithdrawals: Function[None]
    symbol: Function[str]
    terms: Function[StakingVaultTerms]
    toAssetsDown: Function[int, int]
    toAssetsUp: Function[int, int]
    toSharesDown: Function[int, int]
    toSharesUp: Function[int, int]
    totalShares: Function[int]
    totalSupply: Function[int]
    totals: Function[StakingVaultTotals]
    transfer: Function[bool, AddressLike, int]
    transferFrom: Function[bool, AddressLike, AddressLike, int]
    transferShares: Function[int, AddressLike, int]
    transferSharesFrom: Function[int, AddressLike, AddressLike, int]
    unwrapWholeUnits: Function[int, AddressLike, int]
    verifier: Function[tuple[str, bytes]]
    windDown: Function[None, int]
    withdrawalCredentials: Function[bytes]
    wrapAmount: Function[int, AddressLike, int]
    wrapUnits: Function[int, AddressLike, int]


class WrappedKeelEther(Contract):
    """WrappedKeelEther on one chain."""

    DOMAIN_SEPARATOR: Function[bytes]
    VAULT: Function[str]
    allowance: Function[int, AddressLike, AddressLike]
    approve: Function[bool, AddressLike, int]
    asset: Function[str]
    balanceOf: Function[int, AddressLike]
    burnCover: Function[None, int]
    convertToAssets: Function[int, int]
    convertToShares: Function[int, int]
    decimals: Function[int]
    deposit: Function[int, int, AddressLike]
    eip712Domain: Function[WrappedKeelEtherEip712Domain]
    maxDeposit: Function[int, AddressLike]
    maxMint: Function[int, AddressLike]
    maxRedeem: Function[int, AddressLike]
    maxWithdraw: Function[int, AddressLike]
    mint: Function[int, int, AddressLike]
    mintBacked: Function[None, AddressLike, int]
    name: Function[str]
    nonces: Function[int, AddressLike]
    permit: Function[Any, *tuple[Any, ...]]
    previewDeposit: Function[int, int]
    previewMint: Function[int, int]
    previewRedeem: Function[int, int]
    previewWithdraw: Function[int, int]
    redeem: Function[int, int, AddressLike, AddressLike]
    symbol: Function[str]
    totalAssets: Function[int]
    totalSupply: Function[int]
    transfer: Function[bool, AddressLike, int]
    transferFrom: Function[bool, AddressLike, AddressLike, int]
    withdraw: Function[int, int, AddressLike, AddressLike]


class WithdrawalQueue(Contract):
    """WithdrawalQueue on one chain."""

    CLAIM_GAS: Function[int]
    EXIT_SECONDS: Function[int]
    MAX_TICKET_WEI: Function[int]
    MIN_TICKET_WEI: Function[int]
    VAULT: Function[str]
    approve: Function[None, AddressLike, int]
    balanceOf: Function[int, AddressLike]
    claim: Function[int, int]
    claimFor: Function[int, int, AddressLike]
    claimMany: Function[int, Sequence[int]]
    claimableWei: Function[tuple[int, ...], Sequence[int]]
    finalisable: Function[WithdrawalQueueFinalisable, int, int, int, int]
    getApproved: Function[str, int]
    isApprovedForAll: Function[bool, AddressLike, AddressLike]
    lastFinalised: Function[int]
    lastTicket: Function[int]
    name: Function[str]
    owedWei: Function[int]
    ownerOf: Function[str, int]
    pending: Function[WithdrawalQueuePending]
    request: Function[int, int, AddressLike]
    requestMany: Function[tuple[int, ...], Sequence[int], AddressLike]
    safeTransferFrom: Function[Any, *tuple[Any, ...]]
    setApprovalForAll: Function[None, AddressLike, bool]
    settle: Function[None, int, int]
    supportsInterface: Function[bool, bytes]
    symbol: Function[str]
    ticket: Function[WithdrawalQueueTicket, int]
    tickets: Function[tuple[WithdrawalQueueTicket, ...], Sequence[int]]
    tokenURI: Function[str, int]
    transferFrom: Function[None, AddressLike, AddressLike, int]


class InstantRedemption(Contract):
    """InstantRedemption on one chain."""

    MAX_PAUSE_SECONDS: Function[int]
    VAULT: Function[str]
    authority: Function[str]
    isConsumingScheduledOp: Function[bytes]
    pause: Function[None, int]
    pausedUntil: Function[int]
    previewRedeem: Function[InstantRedemptionPreviewRedeem, int]
    redeem: Function[int, int, AddressLike, int]
    redeemableWei: Function[int]
    setAuthority: Function[None, AddressLike]
    setTerms: Function[None, Struct]
    terms: Function[InstantRedemptionTerms]


class WithdrawalVault(Contract):
    """WithdrawalVault on one chain."""

    EXITS: Function[str]
    UPGRADE_INTERFACE_VERSION: Function[str]
    VAULT: Function[str]
    authority: Function[str]
    consolidationRequestFeeWei: Function[int]
    initialize: Function[None, AddressLike]
    isConsumingScheduledOp: Function[bytes]
    passOn: Function[None, int]
    proxiableUUID: Function[bytes]
    requestConsolidations: Function[None, Sequence[bytes], AddressLike]
    requestWithdrawals: Function[None, Sequence[bytes], AddressLike]
    setAuthority: Function[None, AddressLike]
    upgradeToAndCall: Function[None, AddressLike, bytes]
    upgradeToCode: Function[None, AddressLike, bytes, bytes]
    withdrawalRequestFeeWei: Function[int]


class RewardsVault(Contract):
    """RewardsVault on one chain."""

    VAULT: Function[str]
    passOn: Function[None, int]


class AccountingOracle(Contract):
    """AccountingOracle on one chain."""

    FINALITY_SECONDS: Function[int]
    GENESIS_TIME: Function[int]
    REWARDS_VAULT: Function[str]
    SECONDS_PER_SLOT: Function[int]
    VAULT: Function[str]
    WITHDRAWAL_VAULT: Function[str]
    announcedQuorum: Function[int]
    authority: Function[str]
    digest: Function[bytes, Struct, int]
    eip712Domain: Function[AccountingOracleEip712Domain]
    isConsumingScheduledOp: Function[bytes]
    isMember: Function[bool, AddressLike]
    judge: Function[AccountingOracleJudgement, Struct]
    lastReport: Function[AccountingOracleLastReport]
    memberSetNonce: Function[int]
    members: Function[tuple[str, ...]]
    operatorsRoot: Function[bytes]
    quorum: Function[int]
    reportableSlot: Function[AccountingOracleReportableSlot]
    setAuthority: Function[None, AddressLike]
    setMembers: Function[None, Sequence[AddressLike], Sequence[AddressLike], int]
    simulate: Function[AccountingOracleSimulate, Struct, int]
    submit: Function[bool, Struct, int, Sequence[Struct], int]


class OperatorRegistry(Contract):
    """OperatorRegistry on one chain."""

    EXITS: Function[str]
    VAULT: Function[str]
    addOperator: Function[int, str, AddressLike, AddressLike, int, int, int]
    authority: Function[str]
    claimRewards: Function[int, Struct, Sequence[bytes]]
    claimableShares: Function[int, Struct, Sequence[bytes]]
    claimedShares: Function[int, int]
    dropKeys: Function[None, int, Sequence[bytes]]
    isConsumingScheduledOp: Function[bytes]
    isReported: Function[bool, Struct, Sequence[bytes]]
    keyOf: Function[OperatorRegistryKey, bytes]
    mayStakeNext: Function[bool, int]
    merge: Function[None, bytes, bytes]
    mergesInto: Function[bytes, bytes]
    nextCommission: Function[OperatorRegistryNextCommission, int]
    nextRewardAddress: Function[OperatorRegistryNextRewardAddress, int]
    operator: Function[OperatorRegistryOperator, int]
    operatorCount: Function[int]
    predeposit: Function[None, int, bytes, bool]
    proveFresh: Function[None, Struct, int, int, Sequence[bytes], Sequence[bytes], bool]
    proveKey: Function[None, Struct, int, Struct, Sequence[bytes]]
    proveSlashed: Function[None, Struct, int, Struct, Sequence[bytes]]
    proveWithdrawn: Function[None, Struct, int, Struct, Sequence[bytes]]
    setAuthority: Function[None, AddressLike]
    setCommission: Function[None, int, int]
    setManager: Function[None, int, AddressLike]
    setOperator: Function[None, int, int, int, bool]
    setRewardAddress: Function[None, int, AddressLike]
    stake: Function[None, bytes]
    stakeMore: Function[None, bytes, int, Struct, int, Struct, Sequence[bytes]]
    totals: Function[OperatorRegistryTotals]
    unfreeze: Function[None, int]


class OperatorBonds(Contract):
    """OperatorBonds on one chain."""

    COOLDOWN_SECONDS: Function[int]
    REGISTRY: Function[str]
    VAULT: Function[str]
    WRAPPED: Function[str]
    add: Function[None, Sequence[int], int, int]
    bondOf: Function[OperatorBondsBond, int]
    cover: Function[int, int]
    coverable: Function[int, int]
    forfeit: Function[None, int, int]
    forfeitUnits: Function[int]
    leavingOf: Function[OperatorBondsLeaving, bytes]
    pay: Function[int, bytes]
    release: Function[None, int, bytes, int]


class Exits(Contract):
    """Exits on one chain."""

    ABSENCE_GWEI_PER_DAY: Function[int]
    REGISTRY: Function[str]
    REWARDS_VAULT: Function[str]
    VAULT: Function[str]
    WITHDRAWAL_VAULT: Function[str]
    endExits: Function[None, Sequence[bytes]]
    exitsAvailable: Function[int]
    leavingGwei: Function[int]
    leavingOf: Function[ExitsLeaving, bytes]
    missingWei: Function[int]
    noteBalance: Function[None, bytes, Struct, bytes, Sequence[bytes]]
    noteExit: Function[None, Struct, int, Struct, Sequence[bytes]]
    requestConsolidations: Function[None, Sequence[bytes], Sequence[bytes]]
    requestExit: Function[None, bytes, Struct, int, Struct, Sequence[bytes]]
    requestPartialWithdrawals: Function[None, Sequence[bytes], Sequence[int]]
    standing: Function[ExitsStanding, int]
    watchOf: Function[ExitsWatch, bytes]


class ValidatorProofs(Contract):
    """ValidatorProofs on one chain."""

    BLOCK_ROOTS: Function[int]
    EPOCHS_PER_SLASHINGS_VECTOR: Function[int]
    FIRST_BALANCES: Function[int]
    FIRST_BLOCK_ROOT: Function[int]
    FIRST_VALIDATOR: Function[int]
    GENESIS_TIME: Function[int]
    SECONDS_PER_SLOT: Function[int]
    SHARD_COMMITTEE_PERIOD: Function[int]
    SLOTS_PER_EPOCH: Function[int]
    STATE_ROOT: Function[int]
    balanceGwei: Function[int, Struct, int, bytes, Sequence[bytes]]
    requireExitable: Function[None, Struct, int, Struct, Sequence[bytes]]
    requireFresh: Function[None, Struct, int, int, Sequence[bytes], bytes, Sequence[bytes]]
    requireValidator: Function[None, Struct, int, Struct, Sequence[bytes]]
    requireWithdrawn: Function[None, Struct, int, Struct, Sequence[bytes]]
    slashedBy: Function[int, Struct, int, Struct, Sequence[bytes]]
    timeOf: Function[int, int]


class InsuranceFund(Contract):
    """InsuranceFund on one chain."""

    COOLDOWN_SECONDS: Function[int]
    VAULT: Function[str]
    WINDOW_SECONDS: Function[int]
    allowance: Function[int, AddressLike, AddressLike]
    approve: Function[bool, AddressLike, int]
    asset: Function[str]
    balanceOf: Function[int, AddressLike]
    cancelCooldown: Function[None]
    convertToAssets: Function[int, int]
    convertToShares: Function[int, int]
    cooldownOf: Function[InsuranceFundCooldown, AddressLike]
    cover: Function[int, int]
    coverable: Function[int, int]
    decimals: Function[int]
    deposit: Function[int, int, AddressLike]
    maxDeposit: Function[int, AddressLike]
    maxMint: Function[int, AddressLike]
    maxRedeem: Function[int, AddressLike]
    maxWithdraw: Function[int, AddressLike]
    mint: Function[int, int, AddressLike]
    name: Function[str]
    previewDeposit: Function[int, int]
    previewMint: Function[int, int]
    previewRedeem: Function[int, int]
    previewWithdraw: Function[int, int]
    redeem: Function[int, int, AddressLike, AddressLike]
    startCooldown: Function[None, int]
    symbol: Function[str]
    totalAssets: Function[int]
    totalSupply: Function[int]
    transfer: Function[bool, AddressLike, int]
    transferFrom: Function[bool, AddressLike, AddressLike, int]
    withdraw: Function[int, int, AddressLike, AddressLike]
