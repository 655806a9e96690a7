// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IMarketplace} from "../src/IMarketplace.sol";
import {Marketplace} from "../src/Marketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice A wallet that accepts exactly the digests it was told to.
contract ApprovingWallet is IERC1271 {
    mapping(bytes32 => bool) private _approved;

    function approve(bytes32 digest) external {
        _approved[digest] = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return _approved[digest] ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice Nobody is enrolled who did not sign exactly this job's terms.
contract MarketplaceConsentTest is MarketplaceFixture {
    event AcceptanceRevoked(uint256 indexed jobId, address indexed owner);
    event JobStarted(uint256 indexed jobId, address[] trainers, address[] validators, bytes32 seedHash);

    function test_startJob_enrols_who_signed() public {
        uint256 jobId = post();
        bytes[] memory signatures = acceptances(jobId, 3);
        vm.expectEmit(true, true, true, true, address(market));
        emit JobStarted(jobId, owners(0, 2), owners(2, 1), seedHash());
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, 2), owners(2, 1), signatures, seedHash());

        assertState(jobId, IMarketplace.JobState.Running);
        assertEq(market.getJob(jobId).seedHash, seedHash(), "seed hash");
        assertEq(market.getTrainers(jobId).length, 2, "trainers");
        assertEq(market.getTrainers(jobId)[1], owner(1), "second trainer");
        assertEq(market.getValidators(jobId)[0], owner(2), "validator");
        assertParticipation(jobId, owner(0), IMarketplace.Participation.Trainer);
        assertParticipation(jobId, owner(2), IMarketplace.Participation.Validator);
        assertParticipation(jobId, stranger, IMarketplace.Participation.None);
        assertEq(market.contributions(jobId).length, 2, "contributions");
    }

    function test_startJob_takes_acceptances_for_the_given_role_alone() public {
        uint256 jobId = post();
        start(jobId, 1, 1, role(jobId, 0, 1), role(jobId, 1, 2), "");
    }

    function test_startJob_refuses_a_role_that_the_owner_did_not_allow() public {
        uint256 jobId = post();
        bytes memory refusal =
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, owner(0));
        start(jobId, 1, 1, role(jobId, 0, 2), role(jobId, 1, 2), refusal);
        start(jobId, 1, 1, role(jobId, 0, 0), role(jobId, 1, 2), refusal);
        refusal = abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, owner(1));
        start(jobId, 1, 1, role(jobId, 0, 1), role(jobId, 1, 1), refusal);
    }

    function test_startJob_refuses_an_acceptance_of_another_job_with_the_same_terms() public {
        uint256 other = post();
        uint256 jobId = post();
        bytes[] memory signatures = acceptances(other, 2);
        refuseStart(
            jobId,
            signatures,
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, owner(0))
        );
    }

    function test_startJob_refuses_an_acceptance_for_another_contract_or_chain() public {
        uint256 jobId = post();
        Marketplace other = new Marketplace();
        vm.prank(buyer);
        other.createJob{value: DEPOSIT}(defaultTerms());
        bytes[] memory signatures = new bytes[](2);
        signatures[0] = signed(ownerKey(0), other.hashAcceptance(jobId, owner(0), EITHER));
        signatures[1] = signed(ownerKey(1), other.hashAcceptance(jobId, owner(1), EITHER));
        bytes memory refusal =
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, owner(0));
        refuseStart(jobId, signatures, refusal);

        signatures = acceptances(jobId, 2);
        vm.chainId(4242);
        refuseStart(jobId, signatures, refusal);
    }

    function test_startJob_refuses_anothers_signature_and_garbage() public {
        uint256 jobId = post();
        bytes[] memory signatures = acceptances(jobId, 2);
        bytes memory refusal =
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, owner(1));
        signatures[1] = signatures[0];
        refuseStart(jobId, signatures, refusal);
        signatures[1] = "";
        refuseStart(jobId, signatures, refusal);
        signatures[1] = new bytes(65);
        refuseStart(jobId, signatures, refusal);
    }

    function test_startJob_refuses_an_owner_twice_and_in_both_roles() public {
        uint256 jobId = post();
        address[] memory twice = owners(0, 2);
        twice[1] = owner(0);
        bytes[] memory signatures = new bytes[](3);
        signatures[0] = signatures[1] = acceptances(jobId, 1)[0];
        signatures[2] = acceptances(jobId, 3)[2];
        bytes memory refusal =
            abi.encodeWithSelector(IMarketplace.MarketplaceParticipantConflict.selector, jobId, owner(0));
        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.startJob(jobId, twice, owners(2, 1), signatures, seedHash());

        bytes[] memory both = new bytes[](2);
        both[0] = both[1] = signatures[0];
        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, 1), owners(0, 1), both, seedHash());
    }

    function test_startJob_refuses_the_buyer_and_the_aggregator_as_participants() public {
        uint256 jobId = post();
        bytes[] memory signatures = acceptances(jobId, 2);
        address[] memory wrong = new address[](1);
        wrong[0] = buyer;
        signatures[0] = signed(BUYER_KEY, market.hashAcceptance(jobId, buyer, EITHER));
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceParticipantConflict.selector, jobId, buyer));
        vm.prank(aggregator);
        market.startJob(jobId, wrong, owners(1, 1), signatures, seedHash());

        wrong[0] = aggregator;
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceParticipantConflict.selector, jobId, aggregator));
        vm.prank(aggregator);
        market.startJob(jobId, wrong, owners(1, 1), signatures, seedHash());
    }

    function test_startJob_keeps_to_the_terms_numbers_of_participants() public {
        IMarketplace.JobTerms memory terms = defaultTerms();
        (terms.minTrainers, terms.minValidators, terms.maxParticipants) = (2, 2, 5);
        uint256 jobId = post(terms, DEPOSIT);
        refuseCounts(jobId, 1, 2);
        refuseCounts(jobId, 2, 1);
        refuseCounts(jobId, 4, 2);
        start(jobId, 3, 2);
    }

    function test_startJob_keeps_to_the_contracts_own_limits() public {
        uint256 jobId = post();
        refuseCounts(jobId, 101, 1);
        refuseCounts(jobId, 1, 41);
    }

    function test_startJob_wants_one_acceptance_for_each() public {
        uint256 jobId = post();
        refuseStart(
            jobId,
            acceptances(jobId, 1),
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceCountInvalid.selector, jobId, 1, 2)
        );
        refuseStart(
            jobId,
            acceptances(jobId, 3),
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceCountInvalid.selector, jobId, 3, 2)
        );
    }

    function test_startJob_refuses_anybody_but_the_aggregator_and_no_seed_hash() public {
        uint256 jobId = post();
        bytes[] memory signatures = acceptances(jobId, 2);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceNotAggregator.selector, jobId, stranger));
        vm.prank(stranger);
        market.startJob(jobId, owners(0, 1), owners(1, 1), signatures, seedHash());
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceSeedHashMissing.selector, jobId));
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, 1), owners(1, 1), signatures, bytes32(0));
    }

    function test_startJob_refuses_one_second_after_startBy() public {
        uint256 jobId = post();
        vm.warp(START_BY + 1);
        refuseStart(
            jobId,
            acceptances(jobId, 2),
            abi.encodeWithSelector(IMarketplace.MarketplaceTooLate.selector, jobId, START_BY)
        );
    }

    function test_startJob_refuses_a_second_time_and_a_cancelled_job() public {
        uint256 jobId = running(1, 1);
        refuseStart(
            jobId,
            acceptances(jobId, 2),
            abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, IMarketplace.JobState.Running)
        );
        uint256 cancelled = post();
        vm.prank(buyer);
        market.cancelJob(cancelled);
        refuseStart(
            cancelled,
            acceptances(cancelled, 2),
            abi.encodeWithSelector(
                IMarketplace.MarketplaceWrongState.selector, cancelled, IMarketplace.JobState.Cancelled
            )
        );
    }

    // ----------------------------------------------------------------------------------------------------- EIP-712

    function test_hashAcceptance_is_the_EIP_712_digest_of_the_terms() public {
        uint256 jobId = post();
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Acceptance(uint256 jobId,address owner,bytes32 specDigest,bytes32 keyDigest,uint8 roles,uint256 deposit,uint16 trainerBps,uint16 validatorBps,uint16 aggregatorBps,uint64 deadline)"
                ),
                jobId,
                owner(0),
                SPEC_DIGEST,
                KEY_DIGEST,
                EITHER,
                DEPOSIT,
                7000,
                2000,
                1000,
                FINISH_BY
            )
        );
        assertEq(market.hashAcceptance(jobId, owner(0), EITHER), typedDigest(structHash), "acceptance");
    }

    function test_hashCheckpoint_is_the_EIP_712_digest_of_the_checkpoint() public view {
        IMarketplace.Checkpoint memory checkpoint = last(3, 5 * WAD, two(7 * WAD, 8 * WAD));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Checkpoint(uint256 jobId,uint32 index,uint32 round,uint256 mse,uint256[] leaveOneOutMses,bool last,bytes32 deliveryDigest)"
                ),
                9,
                3,
                3,
                5 * WAD,
                keccak256(abi.encode(7 * WAD, 8 * WAD)),
                true,
                DELIVERY
            )
        );
        assertEq(market.hashCheckpoint(9, checkpoint), typedDigest(structHash), "checkpoint");
    }

    function typedDigest(bytes32 structHash) private view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("DeltaML Marketplace"),
                keccak256("1"),
                block.chainid,
                address(market)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    // --------------------------------------------------------------------------------------------------- revocation

    function test_revokeAcceptance_keeps_the_owner_out_of_this_job_alone() public {
        uint256 jobId = post();
        uint256 other = post();
        vm.expectEmit(true, true, true, true, address(market));
        emit AcceptanceRevoked(jobId, owner(1));
        vm.prank(owner(1));
        market.revokeAcceptance(jobId);

        assertParticipation(jobId, owner(1), IMarketplace.Participation.Revoked);
        refuseStart(
            jobId,
            acceptances(jobId, 2),
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceRevoked.selector, jobId, owner(1))
        );
        start(other, 1, 1);
    }

    function test_revokeAcceptance_refuses_a_second_time() public {
        uint256 jobId = post();
        vm.prank(owner(1));
        market.revokeAcceptance(jobId);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceRevoked.selector, jobId, owner(1)));
        vm.prank(owner(1));
        market.revokeAcceptance(jobId);
    }

    function test_revokeAcceptance_refuses_once_the_job_runs() public {
        uint256 jobId = running(1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, IMarketplace.JobState.Running)
        );
        vm.prank(owner(0));
        market.revokeAcceptance(jobId);
    }

    // ---------------------------------------------------------------------------------------------- contract wallets

    function test_startJob_takes_a_contract_wallets_acceptance() public {
        uint256 jobId = post();
        ApprovingWallet wallet = new ApprovingWallet();
        address[] memory trainers = new address[](1);
        trainers[0] = address(wallet);
        bytes[] memory signatures = acceptances(jobId, 2);
        signatures[0] = "";
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, address(wallet))
        );
        vm.prank(aggregator);
        market.startJob(jobId, trainers, owners(1, 1), signatures, seedHash());

        wallet.approve(market.hashAcceptance(jobId, address(wallet), EITHER));
        vm.prank(aggregator);
        market.startJob(jobId, trainers, owners(1, 1), signatures, seedHash());
        assertParticipation(jobId, address(wallet), IMarketplace.Participation.Trainer);
    }

    function test_recordCheckpoint_takes_a_contract_buyers_signature() public {
        ApprovingWallet wallet = new ApprovingWallet();
        vm.deal(address(wallet), DEPOSIT);
        vm.prank(address(wallet));
        uint256 jobId = market.createJob{value: DEPOSIT}(defaultTerms());
        start(jobId, 1, 1);
        IMarketplace.Checkpoint memory checkpoint = plain(0, WAD, none());
        wallet.approve(market.hashCheckpoint(jobId, checkpoint));
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, checkpoint, "");
        assertEq(market.checkpointCount(jobId), 1, "count");
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    function role(uint256 jobId, uint256 index, uint8 roles) private view returns (bytes memory) {
        return signed(ownerKey(index), market.hashAcceptance(jobId, owner(index), roles));
    }

    function start(
        uint256 jobId,
        uint256 trainers,
        uint256 validators,
        bytes memory first,
        bytes memory second,
        bytes memory refusal
    ) private {
        bytes[] memory signatures = new bytes[](2);
        (signatures[0], signatures[1]) = (first, second);
        if (refusal.length > 0) vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, trainers), owners(trainers, validators), signatures, seedHash());
    }

    function refuseStart(uint256 jobId, bytes[] memory signatures, bytes memory refusal) private {
        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, 1), owners(1, 1), signatures, seedHash());
    }

    function refuseCounts(uint256 jobId, uint256 trainers, uint256 validators) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketplace.MarketplaceParticipantCountInvalid.selector, jobId, trainers, validators
            )
        );
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, trainers), owners(trainers, validators), new bytes[](0), seedHash());
    }

    function assertParticipation(uint256 jobId, address account, IMarketplace.Participation expected) private view {
        assertEq(uint256(market.participationOf(jobId, account)), uint256(expected), "participation");
    }
}
