// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title StablePool: wkETH against WETH, near par, and its shares
/// @notice Rules POL of docs/market_design.md. Amounts of wkETH are in units, of WETH and of all worths in wei, of
/// shares with 18 decimals. Every function reverts without a reason while another call to the pool is under way.
/// @dev Also the place of the errors: the pool is in Vyper, whose 0.4 declares none.
interface IStablePool is IERC20Metadata, IERC20Permit, IERC20Errors {
    event Exchange(
        address indexed caller,
        address indexed receiver,
        bool isWrappedIn,
        uint256 amountIn,
        uint256 amountOut,
        uint256 feeWei
    );
    event LiquidityAdded(
        address indexed caller,
        address indexed receiver,
        uint256 units,
        uint256 wethWei,
        uint256 shares,
        uint256 feeWei
    );
    event LiquidityRemoved(
        address indexed caller,
        address indexed receiver,
        uint256 units,
        uint256 wethWei,
        uint256 shares
    );

    /// @notice Less than the caller accepts; less than 1 is never accepted where one amount is given for another.
    error BelowMinimum(uint256 amount, uint256 minimum);
    error DeadlinePassed(uint256 deadline, uint256 nowTime);
    error FirstDepositTooSmall(uint256 worthWei, uint256 leastWei);
    error MoreThanSupply(uint256 shares, uint256 supply);
    error NoCode(address account);
    /// @notice A reserve is worth nothing: only `removeLiquidity` is left.
    error NoPrice(uint256 wrappedWei, uint256 wethWei);
    error NotInPool(address token);
    error ParameterOutOfBounds(string what, uint256 value, uint256 bound);
    error PermitExpired(uint256 deadline, uint256 nowTime);
    error PermitSignatureInvalid(address owner);
    error PoolTooLarge(uint256 reserveWei, uint256 mostWei);

    /// @notice POL-4: give `amountIn` of a coin for the other.
    /// @param tokenIn wkETH or WETH; the caller must have allowed the pool to take it
    /// @param deadline Unix time after which the call reverts
    function exchange(
        address tokenIn,
        uint256 amountIn,
        uint256 minAmountOut,
        address receiver,
        uint256 deadline
    ) external returns (uint256 amountOut);

    /// @notice POL-5: give any amounts of both coins for shares. The first deposit needs both.
    function addLiquidity(
        uint256 units,
        uint256 wethWei,
        uint256 minShares,
        address receiver,
        uint256 deadline
    ) external returns (uint256 shares);

    /// @notice POL-6: burn the caller's shares for their part of both coins.
    function removeLiquidity(
        uint256 shares,
        uint256 minUnits,
        uint256 minWethWei,
        address receiver,
        uint256 deadline
    ) external returns (uint256 units, uint256 wethWei);

    /// @notice POL-7: burn the caller's shares for one coin.
    function removeLiquidityOneCoin(
        uint256 shares,
        address tokenOut,
        uint256 minAmountOut,
        address receiver,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function previewExchange(address tokenIn, uint256 amountIn) external view returns (uint256 amountOut);

    function previewAddLiquidity(uint256 units, uint256 wethWei) external view returns (uint256 shares);

    function previewRemoveLiquidity(uint256 shares) external view returns (uint256 units, uint256 wethWei);

    function previewRemoveLiquidityOneCoin(uint256 shares, address tokenOut) external view returns (uint256 amountOut);

    /// @notice POL-8: not what the tokens say that the pool holds.
    function reserves() external view returns (uint256 units, uint256 wethWei);

    /// @notice D of POL-2.
    function invariantWei() external view returns (uint256);

    /// @notice POL-10: wei of D a whole share, rounded down.
    function virtualPrice() external view returns (uint256);

    /// @notice POL-10: WETH for the next ether's worth of wkETH, 18 decimals, before the fee. One trade moves it.
    function spotPrice() external view returns (uint256);

    /// @notice POL-10: two readings give the mean price over the rate between them.
    /// @return priceCumulative sum of 18-decimal prices by seconds
    /// @return timestamp the time of this reading
    function cumulativePrice() external view returns (uint256 priceCumulative, uint256 timestamp);

    // solhint-disable-next-line func-name-mixedcase -- named as immutables are
    function WRAPPED() external view returns (address);

    // solhint-disable-next-line func-name-mixedcase
    function WETH() external view returns (address);

    /// @notice A of POL-1.
    // solhint-disable-next-line func-name-mixedcase
    function AMPLIFICATION() external view returns (uint256);

    /// @notice Parts of a million of what a trade pays.
    // solhint-disable-next-line func-name-mixedcase
    function FEE_PER_MILLION() external view returns (uint256);
}
