// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BPS} from "../rules/Constants.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {EtherFeed} from "./EtherFeed.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IPushFeed} from "./interfaces/IPushFeed.sol";
import {IRateSource} from "./interfaces/IRateSource.sol";

/// @title A rate that is pushed, within what each pusher may move
/// @notice Rules PSH of docs/market_design.md.
contract PushFeed is EtherFeed, IPushFeed {
    using SafeCast for uint256;

    struct Round {
        uint96 rateWei;
        uint40 readAt;
        bool isFresh;
    }

    /// @dev TokenBucket ticks.
    struct Pusher {
        uint48 risesFullAt;
        uint48 fallsFullAt;
        bool isActive;
    }

    string public constant description = "rate / ETH, pushed";

    uint256 public immutable RISE_WEI;
    uint256 public immutable FALL_WEI;
    uint256 public immutable PERIOD_SECONDS;
    uint256 public immutable MAX_AGE_SECONDS;

    uint256 public pushers;
    uint80 private _latest;
    mapping(uint80 number => Round round) private _rounds;
    mapping(address account => Pusher pusher) private _pushers;

    constructor(Init memory init) {
        _requireWithin("riseWei", init.riseWei, type(uint96).max);
        _requireWithin("fallWei", init.fallWei, type(uint96).max);
        _requireWithin("periodSeconds", init.periodSeconds, 365 days);
        _requireWithin("maxAgeSeconds", init.maxAgeSeconds, 365 days);
        _requireWithin("rateWei", init.rateWei, type(uint96).max);
        _requireWithin("pushers", init.pushers.length, type(uint8).max);
        RISE_WEI = init.riseWei;
        FALL_WEI = init.fallWei;
        PERIOD_SECONDS = init.periodSeconds;
        MAX_AGE_SECONDS = init.maxAgeSeconds;
        pushers = init.pushers.length;
        for (uint256 i; i < init.pushers.length; ++i) {
            address pusher = init.pushers[i];
            if (pusher == address(0)) revert ZeroAddress("pusher");
            if (_pushers[pusher].isActive) revert PusherTwice(pusher);
            _pushers[pusher].isActive = true;
        }
        _write(1, init.rateWei, block.timestamp, false); // PSH-5
    }

    /// @inheritdoc IPushFeed
    function push(uint80 round, uint256 rateWei, uint256 readAt, bool isFresh) external {
        Pusher memory pusher = _pushers[msg.sender];
        if (!pusher.isActive) revert NotPusher(msg.sender);
        Round memory last = _rounds[_latest];
        if (round != _latest + 1) revert RoundNotNext(round, _latest + 1);
        _requireReadTime(readAt, last.readAt);
        _requireWithin("rateWei", rateWei, type(uint96).max);
        if (rateWei > last.rateWei) {
            pusher.risesFullAt = _take(pusher.risesFullAt, rateWei - last.rateWei, RISE_WEI);
        } else {
            pusher.fallsFullAt = _take(pusher.fallsFullAt, last.rateWei - rateWei, FALL_WEI);
        }
        _pushers[msg.sender] = pusher;
        _write(round, rateWei, readAt, isFresh);
    }

    /// @inheritdoc IPushFeed
    function retire() external {
        if (!_pushers[msg.sender].isActive) revert NotPusher(msg.sender);
        _pushers[msg.sender].isActive = false;
        --pushers;
        emit Retired(msg.sender);
    }

    function _write(uint80 round, uint256 rateWei, uint256 readAt, bool isFresh) private {
        _latest = round;
        _rounds[round] = Round(rateWei.toUint96(), readAt.toUint40(), isFresh);
        emit Pushed(msg.sender, round, rateWei, readAt, isFresh);
    }

    function _take(uint48 fullAt, uint256 changeWei, uint256 capacityWei) private view returns (uint48) {
        return TokenBucket.take(fullAt, changeWei, capacityWei, PERIOD_SECONDS).toUint48();
    }

    /// @dev PSH-3.
    function _requireReadTime(uint256 readAt, uint256 lastReadAt) private view {
        if (readAt > block.timestamp) revert ReadInFuture(readAt, block.timestamp);
        if (readAt <= lastReadAt) revert ReadNotNewer(readAt, lastReadAt);
        if (block.timestamp - readAt > MAX_AGE_SECONDS) revert ReadTooOld(readAt, block.timestamp - MAX_AGE_SECONDS);
    }

    function _requireWithin(string memory what, uint256 value, uint256 most) private pure {
        if (value == 0 || value > most) revert ParameterOutOfBounds(what, value, most);
    }

    /// @inheritdoc IPushFeed
    function available(address account) external view returns (uint256 riseWei, uint256 fallWei) {
        Pusher memory pusher = _pushers[account];
        if (!pusher.isActive) return (0, 0);
        riseWei = TokenBucket.available(pusher.risesFullAt, RISE_WEI, PERIOD_SECONDS);
        fallWei = TokenBucket.available(pusher.fallsFullAt, FALL_WEI, PERIOD_SECONDS);
    }

    /// @inheritdoc IRateSource
    function stepBps() external view returns (uint256) {
        return Math.ceilDiv(pushers * Math.max(RISE_WEI, FALL_WEI) * BPS, _rounds[_latest].rateWei);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        public
        view
        override(EtherFeed, IAggregatorV3)
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        (roundId, answer, startedAt, updatedAt, answeredInRound) = _data(_latest);
        if (block.timestamp - startedAt > MAX_AGE_SECONDS) updatedAt = 0; // PSH-4
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(uint80 asked)
        external
        view
        override(EtherFeed, IAggregatorV3)
        returns (uint80, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        if (asked == 0 || asked > _latest) revert NoSuchRound(asked, _latest);
        return asked == _latest ? latestRoundData() : _data(asked);
    }

    function _data(uint80 round) private view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory r = _rounds[round];
        return (round, int256(uint256(r.rateWei)), r.readAt, r.isFresh ? r.readAt : 0, round);
    }
}
