// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAggregatorV3} from "keel/market/interfaces/IAggregatorV3.sol";

/// @title A pool of liquid-staking tokens as it has been robbed
/// @notice For tests/incidents alone. It asks no source how old its answer is, counts what it happens to hold, keeps no
/// first shares, and its owner sets the fee at any time.
contract TestNaiveRouter {
    address public immutable OWNER = msg.sender;
    IERC20[] public tokens;
    IAggregatorV3[] public sources;
    uint256 public feeBps;
    uint256 public totalShares;
    mapping(address holder => uint256) public sharesOf;

    error NotOwner(address caller);
    error TransferFailed(IERC20 token);

    constructor(IERC20[] memory tokens_, IAggregatorV3[] memory sources_, uint256 feeBps_) {
        (tokens, sources, feeBps) = (tokens_, sources_, feeBps_);
    }

    function setFee(uint256 feeBps_) external {
        if (msg.sender != OWNER) revert NotOwner(msg.sender);
        feeBps = feeBps_;
    }

    function deposit(uint256 asset, uint256 amount) external {
        uint256 before = valueWei();
        uint256 worthWei = worth(asset, amount);
        uint256 shares = totalShares == 0 ? worthWei : worthWei * totalShares / before;
        (totalShares, sharesOf[msg.sender]) = (totalShares + shares, sharesOf[msg.sender] + shares);
        _pull(asset, amount);
    }

    function withdraw(uint256 asset, uint256 shares) external {
        uint256 worthWei = shares * valueWei() / totalShares;
        (totalShares, sharesOf[msg.sender]) = (totalShares - shares, sharesOf[msg.sender] - shares);
        _push(asset, _less(worthWei) * 1e18 / worth(asset, 1e18));
    }

    function swap(uint256 assetIn, uint256 assetOut, uint256 amount) external {
        uint256 worthWei = worth(assetIn, amount);
        _pull(assetIn, amount);
        _push(assetOut, _less(worthWei) * 1e18 / worth(assetOut, 1e18));
    }

    function _pull(uint256 asset, uint256 amount) private {
        if (!tokens[asset].transferFrom(msg.sender, address(this), amount)) revert TransferFailed(tokens[asset]);
    }

    function _push(uint256 asset, uint256 amount) private {
        if (!tokens[asset].transfer(msg.sender, amount)) revert TransferFailed(tokens[asset]);
    }

    function worth(uint256 asset, uint256 amount) public view returns (uint256) {
        return amount * uint256(sources[asset].latestAnswer()) / 1e18;
    }

    function valueWei() public view returns (uint256 total) {
        for (uint256 i; i < tokens.length; ++i) {
            total += worth(i, tokens[i].balanceOf(address(this)));
        }
    }

    function _less(uint256 worthWei) private view returns (uint256) {
        return worthWei * (10_000 - feeBps) / 10_000;
    }
}
