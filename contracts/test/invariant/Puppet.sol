// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A contract that takes part in jobs: it signs through its key (ERC-1271) and, when ether arrives, does what it
/// was last told to.
contract Puppet is IERC1271 {
    enum Conduct {
        Accept,
        Refuse,
        BurnGas,
        ReturnBomb,
        RevertBomb,
        Reenter
    }

    uint256 private constant BOMB_BYTES = 1 << 16;

    address private immutable _MARKET;
    address private immutable _SIGNER;
    Conduct private _conduct;
    bytes private _callBack;
    bool private _answered;
    bytes private _answer;

    constructor(address market, address signer) {
        _MARKET = market;
        _SIGNER = signer;
    }

    /// @param callBack what it calls the marketplace with when told to re-enter
    function arm(Conduct conduct, bytes calldata callBack) external {
        (_conduct, _callBack) = (conduct, callBack);
    }

    /// @notice Whether the call back into the marketplace went through, and what it returned.
    function outcome() external view returns (bool, bytes memory) {
        return (_answered, _answer);
    }

    /// @notice A signature of one byte makes the wallet itself misbehave.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (signature.length == 1) _misbehave(uint8(signature[0]));
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecover(digest, signature);
        bool valid = problem == ECDSA.RecoverError.NoError && signer == _SIGNER;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    receive() external payable {
        if (_conduct == Conduct.Refuse) revert("no, thank you");
        if (_conduct == Conduct.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (_conduct == Conduct.ReturnBomb) {
            assembly {
                return(0, BOMB_BYTES)
            }
        }
        if (_conduct == Conduct.RevertBomb) {
            assembly {
                revert(0, BOMB_BYTES)
            }
        }
        if (_conduct == Conduct.Reenter) (_answered, _answer) = _MARKET.call(_callBack);
    }

    function _misbehave(uint8 how) private pure {
        if (how == 0) revert("not today");
        // Answers shorter and longer than the 32 bytes that are expected, the longer one without the magic value.
        assembly {
            if eq(how, 1) { invalid() }
            mstore(0, shl(224, 0x1626ba7e))
            if eq(how, 2) { return(0, 4) }
            mstore(0, 0)
            return(0, 4096)
        }
    }
}
