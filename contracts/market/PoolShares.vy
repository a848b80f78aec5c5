# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Shares of a pool as an ERC-20 token with permits
@notice Rule POL-9 of docs/market_design.md. The errors are those of ERC-6093 and of IPermit, declared in IStablePool.
"""
from ethereum.ercs import IERC20

implements: IERC20

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256


name: public(constant(String[32])) = "Keel Pool wkETH/WETH"
symbol: public(constant(String[16])) = "wkETH-WETH"
decimals: public(constant(uint8)) = 18

DOMAIN_TYPEHASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
PERMIT_TYPEHASH: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
# Half the order of the curve: of the two signatures that anyone can make of one, only the lower counts.
HIGHEST_S: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
nonces: public(HashMap[address, uint256])


@external
def transfer(receiver: address, shares: uint256) -> bool:
    self._transfer(msg.sender, receiver, shares)
    return True


@external
def transferFrom(owner: address, receiver: address, shares: uint256) -> bool:
    """
    @notice An allowance of the largest value is never spent down.
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        if allowed < shares:
            raw_revert(
                abi_encode(
                    msg.sender,
                    allowed,
                    shares,
                    method_id=method_id("ERC20InsufficientAllowance(address,uint256,uint256)"),
                )
            )
        self.allowance[owner][msg.sender] = allowed - shares
    self._transfer(owner, receiver, shares)
    return True


@external
def approve(spender: address, shares: uint256) -> bool:
    self._approve(msg.sender, spender, shares)
    return True


@external
def permit(owner: address, spender: address, shares: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice ERC-2612, for accounts with a key.
    """
    if block.timestamp > deadline:
        raw_revert(abi_encode(deadline, block.timestamp, method_id=method_id("PermitExpired(uint256,uint256)")))
    nonce: uint256 = self.nonces[owner]
    wanted: bytes32 = keccak256(abi_encode(PERMIT_TYPEHASH, owner, spender, shares, nonce, deadline))
    digest: bytes32 = keccak256(concat(b"\x19\x01", self._domainSeparator(), wanted))
    isLow: bool = convert(s, uint256) <= HIGHEST_S
    if owner == empty(address) or not isLow or ecrecover(digest, v, r, s) != owner:
        raw_revert(abi_encode(owner, method_id=method_id("PermitSignatureInvalid(address)")))
    self.nonces[owner] = nonce + 1
    self._approve(owner, spender, shares)


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domainSeparator()


@internal
def _mint(receiver: address, shares: uint256):
    self.totalSupply += shares
    self.balanceOf[receiver] += shares
    log Transfer(sender=empty(address), receiver=receiver, value=shares)


@internal
def _burn(owner: address, shares: uint256):
    self._debit(owner, shares)
    self.totalSupply -= shares
    log Transfer(sender=owner, receiver=empty(address), value=shares)


@internal
def _transfer(owner: address, receiver: address, shares: uint256):
    self._requireParties(owner, receiver)
    self._debit(owner, shares)
    self.balanceOf[receiver] += shares
    log Transfer(sender=owner, receiver=receiver, value=shares)


@internal
def _debit(owner: address, shares: uint256):
    held: uint256 = self.balanceOf[owner]
    if held < shares:
        raw_revert(
            abi_encode(
                owner, held, shares, method_id=method_id("ERC20InsufficientBalance(address,uint256,uint256)")
            )
        )
    self.balanceOf[owner] = held - shares


@view
@internal
def _requireParties(owner: address, receiver: address):
    """
    @dev The pool's own shares are those that nobody may ever redeem. Not even nothing leaves the zero address: its log
         would read as a mint.
    """
    if owner == empty(address):
        raw_revert(abi_encode(owner, method_id=method_id("ERC20InvalidSender(address)")))
    if receiver == empty(address) or receiver == self:
        raw_revert(abi_encode(receiver, method_id=method_id("ERC20InvalidReceiver(address)")))


@internal
def _approve(owner: address, spender: address, shares: uint256):
    if spender == empty(address):
        raw_revert(abi_encode(spender, method_id=method_id("ERC20InvalidSpender(address)")))
    self.allowance[owner][spender] = shares
    log Approval(owner=owner, spender=spender, value=shares)


@view
@internal
def _domainSeparator() -> bytes32:
    return keccak256(
        abi_encode(DOMAIN_TYPEHASH, keccak256(name), keccak256("1"), chain.id, self)
    )
