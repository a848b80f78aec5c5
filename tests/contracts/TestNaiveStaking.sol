// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Liquid staking as it has been robbed: rate from the balance, rounding against the pool
/// @notice For tests/incidents alone, which show the harm here before they show that Keel resists.
contract TestNaiveStaking {
    error AllowanceExceeded(uint256 allowed, uint256 needed);
    error PermitUsed(uint256 nonce);
    error TransferFailed();

    error NotOwner(address caller);

    address public immutable OWNER = msg.sender;
    uint256 public totalShares;
    mapping(address holder => uint256) public sharesOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;
    mapping(address owner => uint256) public nonces;
    mapping(address holder => uint256) public wrappedOf;

    receive() external payable {} // counts as income at once

    /// @dev No dead shares, and a deposit that mints nothing is taken.
    function deposit() external payable {
        uint256 before = address(this).balance - msg.value;
        uint256 shares = totalShares == 0 ? msg.value : msg.value * totalShares / before;
        totalShares += shares;
        sharesOf[msg.sender] += shares;
    }

    /// @dev Burns the shares rounded down.
    function withdraw(uint256 assetsWei) external {
        uint256 shares = assetsWei * totalShares / address(this).balance;
        _burn(shares);
        _pay(assetsWei);
    }

    /// @dev For whoever gets hold of one key.
    function mint(address to, uint256 shares) external {
        if (msg.sender != OWNER) revert NotOwner(msg.sender);
        totalShares += shares;
        sharesOf[to] += shares;
    }

    function redeem(uint256 shares) external {
        uint256 assetsWei = shares * address(this).balance / totalShares;
        _burn(shares);
        _pay(assetsWei);
    }

    /// @dev Credits less than was sent.
    function transfer(address to, uint256 assetsWei) external {
        _move(msg.sender, to, assetsWei * totalShares / address(this).balance);
    }

    function approve(address spender, uint256 amountWei) external {
        allowance[msg.sender][spender] = amountWei;
    }

    /// @dev Spends the value rounded down, which can be nothing.
    function transferSharesFrom(address from, address to, uint256 shares) external {
        uint256 needed = shares * address(this).balance / totalShares;
        uint256 allowed = allowance[from][msg.sender];
        if (needed > allowed) revert AllowanceExceeded(allowed, needed);
        allowance[from][msg.sender] = allowed - needed;
        _move(from, to, shares);
    }

    /// @dev Stands for ERC-2612: whoever holds the signature may use it once.
    function permit(address owner, address spender, uint256 amountWei, uint256 nonce) public {
        if (nonces[owner] != nonce) revert PermitUsed(nonce);
        ++nonces[owner];
        allowance[owner][spender] = amountWei;
    }

    /// @dev Reverts when somebody else has used the permit first.
    function permitAndMove(address owner, address to, uint256 shares, uint256 nonce) external {
        permit(owner, msg.sender, type(uint256).max, nonce);
        _move(owner, to, shares);
    }

    /// @dev Credits ether, not shares, so the wrapper does not bear losses.
    function wrap(uint256 assetsWei) external {
        _move(msg.sender, address(this), assetsWei * totalShares / address(this).balance);
        wrappedOf[msg.sender] += assetsWei;
    }

    /// @dev A loss on the consensus layer.
    function lose(uint256 assetsWei) external {
        (bool gone,) = address(0xdead).call{value: assetsWei}("");
        if (!gone) revert TransferFailed();
    }

    function _burn(uint256 shares) private {
        sharesOf[msg.sender] -= shares;
        totalShares -= shares;
    }

    function _move(address from, address to, uint256 shares) private {
        sharesOf[from] -= shares;
        sharesOf[to] += shares;
    }

    function _pay(uint256 assetsWei) private {
        (bool paid,) = msg.sender.call{value: assetsWei}("");
        if (!paid) revert TransferFailed();
    }

    function balanceOf(address holder) external view returns (uint256) {
        return totalShares == 0 ? 0 : sharesOf[holder] * address(this).balance / totalShares;
    }
}
