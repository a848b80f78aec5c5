// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A price feed's face, as lenders expect it
/// @notice Fresh means `updatedAt > 0` (docs/market_design.md, FED). Function names and types are those that consumers
/// call on mainnet.
interface IAggregatorV3 {
    /// @notice There is no such round, or its answer was not kept.
    error NoSuchRound(uint80 asked, uint80 latest);

    function decimals() external view returns (uint8);

    function description() external view returns (string memory);

    function version() external view returns (uint256);

    /// @notice What `latestRoundData` answers, for consumers that ask for no more.
    function latestAnswer() external view returns (int256);

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice Reverts `NoSuchRound`.
    function getRoundData(uint80 roundId)
        external
        view
        returns (uint80, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
