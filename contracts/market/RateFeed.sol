// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {SHARES_PER_UNIT} from "../rules/Constants.sol";
import {EtherFeed} from "./EtherFeed.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IRateSource} from "./interfaces/IRateSource.sol";
import {IVaultLimits} from "./interfaces/IVaultLimits.sol";

/// @title wkETH in ether by the protocol's own rate
/// @notice Rules FED-1 to FED-5 of docs/market_design.md.
contract RateFeed is EtherFeed, IRateSource {
    string public constant description = "wkETH / ETH, protocol rate";

    IStakingVault public immutable VAULT;
    uint256 private immutable FRAME_ORIGIN;
    uint256 private immutable FRAME_SECONDS;

    constructor(address vault) {
        VAULT = IStakingVault(vault);
        FRAME_ORIGIN = VAULT.FRAME_ORIGIN();
        FRAME_SECONDS = VAULT.FRAME_SECONDS();
    }

    /// @inheritdoc IRateSource
    function stepBps() external view returns (uint256) {
        return IVaultLimits(address(VAULT)).LOSS_LIMIT_BPS();
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        public
        view
        override(EtherFeed, IAggregatorV3)
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        (uint256 balanceWei, uint256 pendingWei, uint256 lastRefTime,) = VAULT.consensus();
        roundId = uint80((lastRefTime - FRAME_ORIGIN) / FRAME_SECONDS + 1);
        answer = int256(_rateWei(balanceWei + pendingWei));
        bool isFresh = VAULT.state() <= IStakingVault.State.Awaiting; // FED-3: the others come behind it
        return (roundId, answer, lastRefTime, isFresh ? lastRefTime : 0, roundId);
    }

    /// @dev FED-1 and FED-2; `stakedWei` is C + P.
    function _rateWei(uint256 stakedWei) private view returns (uint256 rateWei) {
        rateWei = VAULT.toAssetsDown(SHARES_PER_UNIT * 1 ether);
        uint256 lossWei = VAULT.reportBase(VAULT.newestRefTime()).announcedWei;
        if (lossWei == 0) return rateWei;
        (,, uint256 unvestedWei) = VAULT.totals();
        uint256 backingWei = VAULT.bufferedWei() + stakedWei; // A + Q, by ACC-1
        uint256 bearingWei = backingWei - unvestedWei; // V + Q
        uint256 leftWei = Math.min(bearingWei, Math.saturatingSub(backingWei, lossWei));
        return bearingWei == 0 ? 0 : Math.mulDiv(rateWei, leftWei, bearingWei);
    }
}
