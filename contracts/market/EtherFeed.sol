// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";

/// @title What all feeds of wkETH in ether share
abstract contract EtherFeed is IAggregatorV3 {
    uint8 public constant decimals = 18;
    uint256 public constant version = 1;

    /// @inheritdoc IAggregatorV3
    function latestAnswer() external view returns (int256 answer) {
        (, answer,,,) = latestRoundData();
    }

    /// @inheritdoc IAggregatorV3
    /// @dev FED-4: the latest round only.
    function getRoundData(uint80 asked)
        external
        view
        virtual
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        (roundId, answer, startedAt, updatedAt, answeredInRound) = latestRoundData();
        if (asked != roundId) revert NoSuchRound(asked, roundId);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        public
        view
        virtual
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
