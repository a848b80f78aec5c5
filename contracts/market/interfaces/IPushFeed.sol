// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../../interfaces/IErrors.sol";
import {IRateSource} from "./IRateSource.sol";

/// @title PushFeed: the rate on a chain where the vault is not
/// @notice Rules PSH of docs/market_design.md. Rates are wei a whole token, times Unix seconds.
interface IPushFeed is IRateSource, IErrors {
    /// @notice Fixed at construction.
    struct Init {
        address[] pushers;
        uint256 riseWei; // PSH-2, capacity of each pusher's bucket
        uint256 fallWei;
        uint256 periodSeconds; // in which a bucket fills; 1 s to 365 days
        uint256 maxAgeSeconds; // PSH-4; 1 s to 365 days
        uint256 rateWei; // of the first round
    }

    event Pushed(address indexed pusher, uint80 indexed round, uint256 rateWei, uint256 readAt, bool isFresh);
    event Retired(address indexed pusher);

    error NotPusher(address caller);
    error PusherTwice(address pusher);
    error RoundNotNext(uint80 round, uint80 next);
    error ReadNotNewer(uint256 readAt, uint256 lastReadAt);
    error ReadInFuture(uint256 readAt, uint256 nowTime);
    error ReadTooOld(uint256 readAt, uint256 oldest);

    /// @notice PSH-2 to PSH-4. Reverts `NotPusher`, `RoundNotNext`, `ReadNotNewer`, `ReadInFuture`, `ReadTooOld`,
    /// `ParameterOutOfBounds` for a rate of 0 or beyond 96 bits, `LimitExceeded`.
    /// @param isFresh whether what was read was fresh there
    function push(uint80 round, uint256 rateWei, uint256 readAt, bool isFresh) external;

    /// @notice PSH-1: give up the right to push, for good.
    function retire() external;

    /// @notice How far the pusher could move the rate now; 0 for whoever is none.
    function available(address pusher) external view returns (uint256 riseWei, uint256 fallWei);

    /// @notice Pushers that have not retired.
    function pushers() external view returns (uint256);
}
