// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IInstantRedemption} from "keel/interfaces/IInstantRedemption.sol";
import {IStakingVault} from "keel/interfaces/IStakingVault.sol";

interface IWeth is IERC20 {
    function deposit() external payable;
    function withdraw(uint256 amountWei) external;
}

interface IStable {
    function exchange(
        address coin,
        uint256 amount,
        uint256 least,
        address receiver,
        uint256 deadline
    ) external returns (uint256);
}

interface ISwapRouter {
    struct Order {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    function exactInputSingle(Order calldata order) external payable returns (uint256);
}

interface IMorphoBlue {
    struct Params {
        address loanToken;
        address collateralToken;
        address oracle;
        address irm;
        uint256 lltv;
    }

    function flashLoan(address token, uint256 amount, bytes calldata data) external;
    function supplyCollateral(Params calldata params, uint256 units, address owner, bytes calldata data) external;
    function borrow(
        Params calldata params,
        uint256 amountWei,
        uint256 shares,
        address owner,
        address receiver
    ) external returns (uint256, uint256);
}

/// @title Goes with borrowed WETH through all doors of wkETH in one transaction, each time with all that it has
contract TestFlashDoors {
    enum Door {
        Stake,
        Redeem,
        SellStable,
        BuyStable,
        SellUniswap,
        BuyUniswap,
        Borrow
    }

    struct Places {
        address vault;
        address wrapped;
        address instant;
        address weth;
        address stable;
        address router;
        address morpho;
    }

    uint256 private constant SHARES_PER_UNIT = 1e9;
    uint24 private constant FEE_PIPS = 500;

    Places private _at;
    IMorphoBlue.Params private _params;
    uint256 private _debtWei;
    uint256 private _collateralUnits;

    constructor(Places memory places, IMorphoBlue.Params memory params) {
        (_at, _params) = (places, params);
        IERC20(places.wrapped).approve(places.stable, type(uint256).max);
        IERC20(places.wrapped).approve(places.router, type(uint256).max);
        IERC20(places.wrapped).approve(places.morpho, type(uint256).max);
        IERC20(places.weth).approve(places.stable, type(uint256).max);
        IERC20(places.weth).approve(places.router, type(uint256).max);
        IERC20(places.weth).approve(places.morpho, type(uint256).max);
    }

    receive() external payable {}

    /// @notice What it has after the loan is paid back: WETH and units, what it brought to Morpho, and what it owes.
    function attack(
        uint256 loanWei,
        uint8[] calldata doors
    ) external returns (uint256 wethWei, uint256 units, uint256 collateralUnits, uint256 debtWei) {
        IMorphoBlue(_at.morpho).flashLoan(_at.weth, loanWei, abi.encode(doors));
        return (_weth().balanceOf(address(this)), _units(), _collateralUnits, _debtWei);
    }

    function onMorphoFlashLoan(uint256, bytes calldata data) external {
        uint8[] memory doors = abi.decode(data, (uint8[]));
        for (uint256 i; i < doors.length; ++i) {
            _pass(Door(doors[i]));
        }
    }

    function _pass(Door door) private {
        if (door == Door.Stake) {
            uint256 amountWei = _weth().balanceOf(address(this));
            _weth().withdraw(amountWei);
            IStakingVault(_at.vault).depositWrapped{value: amountWei}(address(this), address(0));
        } else if (door == Door.Redeem) {
            uint256 units = _units();
            IERC4626(_at.wrapped).redeem(units, address(this), address(this));
            IInstantRedemption(_at.instant).redeem(units * SHARES_PER_UNIT, address(this), 0);
            _weth().deposit{value: address(this).balance}();
        } else if (door == Door.SellStable) {
            _exchange(_at.wrapped, _units());
        } else if (door == Door.BuyStable) {
            _exchange(_at.weth, _weth().balanceOf(address(this)));
        } else if (door == Door.SellUniswap) {
            _swap(_at.wrapped, _at.weth, _units());
        } else if (door == Door.BuyUniswap) {
            _swap(_at.weth, _at.wrapped, _weth().balanceOf(address(this)));
        } else {
            _borrow();
        }
    }

    function _exchange(address coin, uint256 amount) private {
        IStable(_at.stable).exchange(coin, amount, 0, address(this), block.timestamp);
    }

    function _swap(address paid, address bought, uint256 amount) private {
        ISwapRouter.Order memory order =
            ISwapRouter.Order(paid, bought, FEE_PIPS, address(this), block.timestamp, amount, 0, 0);
        ISwapRouter(_at.router).exactInputSingle(order);
    }

    /// @dev Half of what the rate allows, so that interest of the moment stops nothing.
    function _borrow() private {
        uint256 units = _units();
        uint256 amountWei = IERC4626(_at.wrapped).convertToAssets(units) / 2;
        (_collateralUnits, _debtWei) = (_collateralUnits + units, _debtWei + amountWei);
        IMorphoBlue(_at.morpho).supplyCollateral(_params, units, address(this), "");
        IMorphoBlue(_at.morpho).borrow(_params, amountWei, 0, address(this), address(this));
    }

    function _weth() private view returns (IWeth) {
        return IWeth(_at.weth);
    }

    function _units() private view returns (uint256) {
        return IERC20(_at.wrapped).balanceOf(address(this));
    }
}
