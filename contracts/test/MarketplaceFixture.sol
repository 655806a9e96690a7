// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {Marketplace} from "../src/Marketplace.sol";
import {Test} from "./Vm.sol";

/// @notice A deployed marketplace, its actors, and the steps of a job's life with sensible values.
abstract contract MarketplaceFixture is Test {
    uint64 internal constant START = 1_700_000_000;
    uint64 internal constant START_BY = START + 1 hours;
    uint64 internal constant FINISH_BY = START + 1 days;
    /// @dev Until then only `finalize` settles a job whose last checkpoint is recorded.
    uint64 internal constant FINALIZE_BY = FINISH_BY + 1 hours;
    uint256 internal constant DEPOSIT = 10 ether;
    uint256 internal constant WAD = 1e18;
    uint8 internal constant EITHER = 3;
    bytes32 internal constant SPEC_DIGEST = keccak256("spec");
    bytes32 internal constant KEY_DIGEST = keccak256("modulus");
    bytes32 internal constant SEED = keccak256("seed");
    bytes32 internal constant DELIVERY = keccak256("delivered ciphertexts");

    uint256 internal constant BUYER_KEY = 0xB0;
    uint256 internal constant FIRST_OWNER_KEY = 0x1000;

    Marketplace internal market;
    address internal buyer;
    address internal aggregator;
    address internal stranger;

    function setUp() public virtual {
        vm.warp(START);
        market = new Marketplace();
        buyer = vm.addr(BUYER_KEY);
        aggregator = vm.addr(0xA0);
        stranger = vm.addr(0x50);
        vm.deal(buyer, 1000 ether);
    }

    // -------------------------------------------------------------------------------------------------- ingredients

    function defaultTerms() internal view returns (IMarketplace.JobTerms memory) {
        return IMarketplace.JobTerms({
            aggregator: aggregator,
            specDigest: SPEC_DIGEST,
            keyDigest: KEY_DIGEST,
            startBy: START_BY,
            finishBy: FINISH_BY,
            trainerBps: 7000,
            validatorBps: 2000,
            aggregatorBps: 1000,
            minTrainers: 1,
            minValidators: 1,
            maxParticipants: 140
        });
    }

    function ownerKey(uint256 index) internal pure returns (uint256) {
        return FIRST_OWNER_KEY + index;
    }

    function owner(uint256 index) internal pure returns (address) {
        return vm.addr(ownerKey(index));
    }

    function owners(uint256 from, uint256 count) internal pure returns (address[] memory list) {
        list = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = owner(from + i);
        }
    }

    /// @dev The acceptances of owners 0 to `count` − 1, in any role.
    function acceptances(uint256 jobId, uint256 count) internal view returns (bytes[] memory list) {
        list = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = signed(ownerKey(i), market.hashAcceptance(jobId, owner(i), EITHER));
        }
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function none() internal pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    function all(uint256 count, uint256 value) internal pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = value;
        }
    }

    function two(uint256 first, uint256 second) internal pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (first, second);
    }

    function plain(uint32 index, uint256 mse, uint256[] memory leaveOneOut)
        internal
        pure
        returns (IMarketplace.Checkpoint memory)
    {
        return IMarketplace.Checkpoint(index, index, mse, leaveOneOut, false, bytes32(0));
    }

    function last(uint32 index, uint256 mse, uint256[] memory leaveOneOut)
        internal
        pure
        returns (IMarketplace.Checkpoint memory)
    {
        return IMarketplace.Checkpoint(index, index, mse, leaveOneOut, true, DELIVERY);
    }

    // -------------------------------------------------------------------------------------------------------- steps

    function post() internal returns (uint256) {
        return post(defaultTerms(), DEPOSIT);
    }

    function post(IMarketplace.JobTerms memory terms, uint256 deposit) internal returns (uint256) {
        vm.prank(buyer);
        return market.createJob{value: deposit}(terms);
    }

    /// @dev Owners 0 to `trainers` − 1 train, the next `validators` validate.
    function start(uint256 jobId, uint256 trainers, uint256 validators) internal {
        bytes[] memory signatures = acceptances(jobId, trainers + validators);
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, trainers), owners(trainers, validators), signatures, seedHash());
    }

    function running(uint256 trainers, uint256 validators) internal returns (uint256 jobId) {
        jobId = post();
        start(jobId, trainers, validators);
    }

    function record(uint256 jobId, IMarketplace.Checkpoint memory checkpoint) internal {
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(jobId, checkpoint));
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, checkpoint, signature);
    }

    function finalize(uint256 jobId) internal {
        vm.prank(aggregator);
        market.finalize(jobId, SEED);
    }

    function seedHash() internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(SEED));
    }

    // ------------------------------------------------------------------------------------------------------- checks

    /// @dev deposited = owed + withdrawn + escrowed, with what was withdrawn gone from the balance.
    function assertSolvent() internal view {
        assertEq(address(market).balance, market.totalEscrowed() + market.totalOwed(), "balance");
    }

    function assertOwed(address account, uint256 amount) internal view {
        assertEq(market.owed(account), amount, "owed");
    }

    function assertState(uint256 jobId, IMarketplace.JobState state) internal view {
        assertEq(uint256(market.getJob(jobId).state), uint256(state), "state");
    }
}
