// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../../src/IMarketplace.sol";
import {Test} from "../Vm.sol";
import {Puppet} from "./Puppet.sol";

/// @notice Who takes part in the campaign, how they sign, and where their decisions come from. Every account can be the
/// buyer of one job, the aggregator of a second, an owner in a third and a stranger to the rest.
abstract contract Actors is Test {
    /// @dev What of an acceptance is signed; a forger changes one field.
    struct Acceptance {
        uint256 jobId;
        address owner;
        bytes32 specDigest;
        bytes32 keyDigest;
        uint8 roles;
        uint256 deposit;
        uint16 trainerBps;
        uint16 validatorBps;
        uint16 aggregatorBps;
        uint64 deadline;
    }

    uint256 internal constant ACTORS = 14;
    uint256 private constant PUPPETS = 4;
    /// @dev Code that answers everything with nothing, for one account with a key (as EIP-7702 allows).
    bytes private constant DISOWNING = hex"5f5ff3";
    uint256 private constant FIRST_KEY = 0xAC7;
    /// @dev Half of the order of secp256k1 bounds the `s` of a canonical signature.
    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    IMarketplace internal immutable MARKET;
    bytes32 private immutable _DOMAIN;
    bytes32 private immutable _FOREIGN_DOMAIN;
    address[] internal _actors;
    mapping(address account => uint256) internal _keys;
    mapping(address account => bool) internal _isPuppet;
    uint256 private _entropy;

    constructor(IMarketplace market) {
        MARKET = market;
        _DOMAIN = _domain(address(market), block.chainid);
        _FOREIGN_DOMAIN = _domain(address(market), block.chainid + 1);
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 key = FIRST_KEY + i;
            address account = vm.addr(key);
            if (i < PUPPETS) {
                account = address(new Puppet(address(market), account));
                _isPuppet[account] = true;
            }
            _actors.push(account);
            _keys[account] = key;
            vm.deal(account, 1 << 180);
            if (i == PUPPETS) vm.etch(account, DISOWNING);
        }
    }

    // ---------------------------------------------------------------------------------------------------- decisions

    /// @dev All that an action decides follows from the number that it was called with.
    function _decideBy(uint256 entropy) internal {
        _entropy = entropy;
    }

    /// @dev A number below `bound`.
    function _pick(uint256 limit) internal returns (uint256) {
        _entropy = uint256(keccak256(abi.encode(_entropy)));
        return _entropy % limit;
    }

    function _anybody() internal returns (address) {
        return _actors[_pick(ACTORS)];
    }

    function _anybodyBut(address first, address second) internal returns (address account) {
        uint256 start = _pick(ACTORS);
        do {
            account = _actors[start++ % ACTORS];
        } while (account == first || account == second);
    }

    // --------------------------------------------------------------------------------------------------- signatures

    /// @dev Key 0 is that of nobody: the buyer of a job that does not exist, say.
    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key == 0 ? 1 : key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The other signature that verifies wherever `s` is not looked at.
    function _malleated(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, uint256 s, uint8 v) = (bytes32(0), 0, uint8(signature[64]));
        assembly {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        return abi.encodePacked(r, CURVE_ORDER - s, v == 27 ? uint8(28) : uint8(27));
    }

    function _acceptanceDigest(Acceptance memory acceptance, bool foreign) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Acceptance(uint256 jobId,address owner,bytes32 specDigest,bytes32 keyDigest,uint8 roles,uint256 deposit,uint16 trainerBps,uint16 validatorBps,uint16 aggregatorBps,uint64 deadline)"
        );
        return _typed(keccak256(abi.encode(typeHash, acceptance)), foreign);
    }

    function _checkpointDigest(uint256 jobId, IMarketplace.Checkpoint memory checkpoint, bool foreign)
        internal
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "Checkpoint(uint256 jobId,uint32 index,uint32 round,uint256 mse,uint256[] leaveOneOutMses,bool last,bytes32 deliveryDigest)"
        );
        bytes32 structHash = keccak256(
            abi.encode(
                typeHash,
                jobId,
                checkpoint.index,
                checkpoint.round,
                checkpoint.mse,
                keccak256(abi.encodePacked(checkpoint.leaveOneOutMses)),
                checkpoint.last,
                checkpoint.deliveryDigest
            )
        );
        return _typed(structHash, foreign);
    }

    function _typed(bytes32 structHash, bool foreign) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", foreign ? _FOREIGN_DOMAIN : _DOMAIN, structHash));
    }

    function _domain(address market, uint256 chainId) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("DeltaML Marketplace"),
                keccak256("1"),
                chainId,
                market
            )
        );
    }
}
