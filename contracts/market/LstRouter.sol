// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {BPS} from "../rules/Constants.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {ILstRouter} from "./interfaces/ILstRouter.sol";
import {IRateSource} from "./interfaces/IRateSource.sol";

/// @title A pool of liquid-staking tokens whose value in ether a share never falls by a call
/// @notice Rules RTR of docs/market_design.md. Nobody has a role here, and nothing can be changed.
contract LstRouter is ERC20, ReentrancyGuardTransient, ILstRouter {
    using SafeCast for uint256;
    using SafeERC20 for IERC20Metadata;

    struct Asset {
        Listing listing;
        uint128 balance; // RTR-2
        uint96 rateWei; // RTR-5, the last one that was open
        uint40 growsFrom; // RTR-5
        uint48 fullAt; // RTR-6
    }

    uint256 private constant WAD = 1e18;
    /// @dev RTR-2: the router's own for good.
    uint256 private constant LOCKED_SHARES = 1e15;
    uint256 private constant MOST_ASSETS = 16;
    uint256 private constant MOST_FEE_BPS = 1000;
    /// @dev RTR-4: enough for RateFeed twice over.
    uint256 private constant SOURCE_GAS = 300_000;
    uint16 private constant ANSWER_BYTES = 160;

    /// @inheritdoc ILstRouter
    uint256 public immutable FEE_BPS;

    Asset[] private _assets;

    constructor(uint256 feeBps, Listing[] memory listings) ERC20("Keel LST Router", "kLST") {
        if (feeBps > MOST_FEE_BPS) revert ParameterOutOfBounds("feeBps", feeBps, MOST_FEE_BPS);
        FEE_BPS = feeBps;
        if (listings.length < 2 || listings.length > MOST_ASSETS) {
            revert ParameterOutOfBounds("assets", listings.length, MOST_ASSETS);
        }
        for (uint256 i; i < listings.length; ++i) {
            Listing memory listed = listings[i];
            for (uint256 j; j < i; ++j) {
                if (listed.token == listings[j].token) revert ListedTwice(listed.token);
            }
            _list(i, listed);
        }
    }

    /// @inheritdoc ILstRouter
    function deposit(
        uint256 asset,
        uint256 amount,
        uint256 minShares,
        address receiver
    ) external nonReentrant returns (uint256 shares) {
        Asset storage a = _asset(asset);
        _pull(a, amount);
        (uint256 rateWei,, uint256 highWei) = _observeAll(asset);
        uint256 worthWei = Math.mulDiv(amount, rateWei, WAD);
        _take(a, worthWei);
        uint256 creditedWei = _lessFee(worthWei);
        if (totalSupply() == 0) {
            if (creditedWei <= LOCKED_SHARES) revert FirstDepositTooSmall(creditedWei, LOCKED_SHARES);
            _mint(address(this), LOCKED_SHARES);
            shares = creditedWei - LOCKED_SHARES;
        } else {
            shares = Math.mulDiv(creditedWei, totalSupply(), highWei);
        }
        _requireOut(amount, shares, minShares);
        a.balance += amount.toUint128();
        _mint(receiver, shares);
        emit Deposited(msg.sender, receiver, asset, amount, shares);
    }

    /// @inheritdoc ILstRouter
    function withdraw(
        uint256 asset,
        uint256 shares,
        uint256 minAmount,
        address receiver
    ) external nonReentrant returns (uint256 amount) {
        Asset storage a = _asset(asset);
        _requireSome(shares);
        (uint256 rateWei, uint256 lowWei,) = _observeAll(asset);
        uint256 worthWei = Math.mulDiv(shares, lowWei, totalSupply());
        _take(a, worthWei);
        amount = Math.mulDiv(_lessFee(worthWei), WAD, rateWei);
        _requireOut(shares, amount, minAmount);
        _burn(msg.sender, shares);
        _push(a, amount, receiver);
        emit Withdrawn(msg.sender, receiver, asset, amount, shares);
    }

    /// @inheritdoc ILstRouter
    function swap(
        uint256 assetIn,
        uint256 assetOut,
        uint256 amountIn,
        uint256 minOut,
        address receiver
    ) external nonReentrant returns (uint256 amountOut) {
        if (assetIn == assetOut) revert SameAsset(assetIn);
        (Asset storage a, Asset storage b) = (_asset(assetIn), _asset(assetOut));
        _pull(a, amountIn);
        uint256 worthWei = Math.mulDiv(amountIn, _observeOpen(assetIn), WAD);
        amountOut = Math.mulDiv(_lessFee(worthWei), WAD, _observeOpen(assetOut));
        _take(a, worthWei);
        _take(b, worthWei);
        _requireOut(amountIn, amountOut, minOut);
        a.balance += amountIn.toUint128();
        _push(b, amountOut, receiver);
        emit Swapped(msg.sender, receiver, assetIn, assetOut, amountIn, amountOut);
    }

    /// @inheritdoc ILstRouter
    function withdrawAll(
        uint256 shares,
        uint256 skipped,
        uint256[] calldata minAmounts,
        address receiver
    ) external nonReentrant returns (uint256[] memory amounts) {
        uint256 count = _assets.length;
        if (minAmounts.length != count) revert MinimumsMissing(minAmounts.length, count);
        _requireSome(shares);
        amounts = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            if (skipped >> i & 1 == 0) amounts[i] = Math.mulDiv(_assets[i].balance, shares, totalSupply());
            if (amounts[i] < minAmounts[i]) revert BelowMinimum(amounts[i], minAmounts[i]);
        }
        _burn(msg.sender, shares);
        for (uint256 i; i < count; ++i) {
            _assets[i].balance -= amounts[i].toUint128(); // all books before the first token is called
        }
        for (uint256 i; i < count; ++i) {
            if (amounts[i] > 0) IERC20Metadata(_assets[i].listing.token).safeTransfer(receiver, amounts[i]);
        }
        emit WithdrawnAll(msg.sender, receiver, shares, amounts);
    }

    // ---- views

    /// @inheritdoc ILstRouter
    function valueWei() external view nonReentrantView returns (uint256 lowWei, uint256 highWei) {
        for (uint256 i; i < _assets.length; ++i) {
            Asset storage a = _assets[i];
            (uint256 rateWei, bool isOpen) = _rate(a);
            if (isOpen) lowWei += Math.mulDiv(a.balance, rateWei, WAD);
            highWei += Math.mulDiv(a.balance, rateWei, WAD, Math.Rounding.Ceil);
        }
    }

    /// @inheritdoc ILstRouter
    function standing(uint256 asset)
        external
        view
        nonReentrantView
        returns (uint256 balance, uint256 rateWei, bool isOpen, uint256 leftWei)
    {
        Asset storage a = _asset(asset);
        (rateWei, isOpen) = _rate(a);
        return (a.balance, rateWei, isOpen, TokenBucket.available(a.fullAt, a.listing.dailyWei, 1 days));
    }

    /// @inheritdoc ILstRouter
    function listing(uint256 asset) external view returns (Listing memory) {
        return _asset(asset).listing;
    }

    /// @inheritdoc ILstRouter
    function assets() external view returns (uint256) {
        return _assets.length;
    }

    // ---- rates

    /// @dev RTR-5. Whatever the source does, this returns; of a closed one the ceiling.
    function _rate(Asset storage a) private view returns (uint256 rateWei, bool isOpen) {
        uint256 ceilingWei = _ceilingWei(a);
        bytes memory asked = abi.encodeCall(IAggregatorV3.latestRoundData, ());
        (bool done,, bytes memory answered) = LibCall.tryStaticCall(a.listing.source, SOURCE_GAS, ANSWER_BYTES, asked);
        if (!done || answered.length < ANSWER_BYTES) return (ceilingWei, false);
        (, int256 answer,, uint256 updatedAt,) = abi.decode(answered, (uint256, int256, uint256, uint256, uint256));
        bool isYoung = updatedAt <= block.timestamp && block.timestamp - updatedAt <= a.listing.maxAgeSeconds;
        // Not fresh is 0, whatever age was listed.
        isOpen = updatedAt > 0 && isYoung && answer > 0 && uint256(answer) <= Math.min(ceilingWei, type(uint96).max);
        rateWei = isOpen ? uint256(answer) : ceilingWei;
    }

    function _observe(Asset storage a) private returns (uint256 rateWei, bool isOpen) {
        (rateWei, isOpen) = _rate(a);
        if (!isOpen) return (rateWei, isOpen);
        // Rounded down, so that no look raises the ceiling.
        uint256 grownFor = Math.mulDiv(_ceilingWei(a) - rateWei, BPS * 1 days, rateWei * a.listing.growthBps);
        (a.rateWei, a.growsFrom) = (uint96(rateWei), (block.timestamp - Math.min(grownFor, 1 days)).toUint40());
    }

    function _ceilingWei(Asset storage a) private view returns (uint256) {
        uint256 grownFor = block.timestamp - a.growsFrom;
        return a.rateWei + Math.mulDiv(a.rateWei, a.listing.growthBps * grownFor, BPS * 1 days);
    }

    /// @dev The rate of an asset whose source must be open.
    function _observeOpen(uint256 asset) private returns (uint256 rateWei) {
        bool isOpen;
        (rateWei, isOpen) = _observe(_assets[asset]);
        if (!isOpen) revert SourceClosed(asset);
    }

    /// @dev RTR-5: besides, what all assets are worth at least and at most.
    function _observeAll(uint256 asset) private returns (uint256 rateWei, uint256 lowWei, uint256 highWei) {
        rateWei = _observeOpen(asset);
        for (uint256 i; i < _assets.length; ++i) {
            Asset storage a = _assets[i];
            (uint256 otherWei, bool isOpen) = i == asset ? (rateWei, true) : _observe(a);
            if (isOpen) lowWei += Math.mulDiv(a.balance, otherWei, WAD);
            highWei += Math.mulDiv(a.balance, otherWei, WAD, Math.Rounding.Ceil);
        }
    }

    // ---- parts

    function _list(uint256 number, Listing memory listed) private {
        if (listed.token == address(0)) revert ZeroAddress("token");
        uint256 decimals_ = IERC20Metadata(listed.token).decimals();
        if (decimals_ != 18) revert NotEighteenDecimals(listed.token, decimals_);
        uint256 stepBps = IRateSource(listed.source).stepBps();
        if (FEE_BPS < stepBps) revert FeeBelowStep(number, FEE_BPS, stepBps);
        if (listed.growthBps == 0 || listed.growthBps > BPS) {
            revert ParameterOutOfBounds("growthBps", listed.growthBps, BPS);
        }
        Asset storage a = _assets.push();
        (a.listing, a.rateWei) = (listed, type(uint96).max); // no ceiling yet
        _observeOpen(number);
    }

    /// @dev RTR-6.
    function _take(Asset storage a, uint256 worthWei) private {
        a.fullAt = TokenBucket.take(a.fullAt, worthWei, a.listing.dailyWei, 1 days).toUint48();
    }

    function _pull(Asset storage a, uint256 amount) private {
        IERC20Metadata token = IERC20Metadata(a.listing.token);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received < amount) revert TokenTookPart(address(token), amount, received);
    }

    function _push(Asset storage a, uint256 amount, address receiver) private {
        if (amount > a.balance) revert InsufficientLiquidity(amount, a.balance);
        a.balance -= amount.toUint128();
        IERC20Metadata(a.listing.token).safeTransfer(receiver, amount);
    }

    function _asset(uint256 asset) private view returns (Asset storage) {
        if (asset >= _assets.length) revert NoSuchAsset(asset, _assets.length);
        return _assets[asset];
    }

    function _lessFee(uint256 worthWei) private view returns (uint256) {
        return worthWei - Math.ceilDiv(worthWei * FEE_BPS, BPS);
    }

    function _requireSome(uint256 shares) private view {
        if (totalSupply() == 0) revert NoSharesYet(shares);
    }

    function _requireOut(uint256 amountIn, uint256 amountOut, uint256 minimum) private pure {
        if (amountOut == 0) revert NothingOut(amountIn);
        if (amountOut < minimum) revert BelowMinimum(amountOut, minimum);
    }
}
