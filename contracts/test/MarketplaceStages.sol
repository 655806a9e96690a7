// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice Who calls, seen from the job in question. `Other…` are the same people of another job.
enum Caller {
    Buyer,
    OtherBuyer,
    Trainer,
    Validator,
    Aggregator,
    OtherAggregator,
    Stranger
}

/// @notice How far the job has come; `…Late` is one second after the deadline that the stage waits for.
enum Stage {
    None,
    Posted,
    PostedLate,
    Running, // nothing evaluated
    RunningLate,
    Evaluated, // checkpoints 0 and 1: the MSE went from 10 to 6
    EvaluatedLate,
    Trained, // checkpoint 2 too, which is the last: the MSE went to 5
    TrainedOverdue, // finishBy has passed, and the aggregator still has its time to finalize
    TrainedLate,
    Finished, // Trained, then finalized
    Expired, // TrainedLate, then expired
    Cancelled
}

/// @notice Brings a job to each stage, beside another job of other people that always has its money in escrow.
abstract contract MarketplaceStages is MarketplaceFixture {
    uint256 internal constant CALLERS = 7;
    uint256 internal constant STAGES = 13;
    uint256 internal constant OTHER_JOB = 1;
    /// @dev The job in question. At stage None no job has this id.
    uint256 internal constant JOB = 2;
    uint256 internal constant OTHER_DEPOSIT = 4 ether;
    uint256 internal constant POCKET = 100 ether;

    uint256 private constant OTHER_BUYER_KEY = 0xB1;
    uint256 private constant OTHER_AGGREGATOR_KEY = 0xA1;
    bytes32 private constant OTHER_SEED_HASH = keccak256("another seed's hash");

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < CALLERS; ++i) {
            vm.deal(account(Caller(i)), POCKET);
        }
        startOtherJob();
    }

    function account(Caller caller) internal view returns (address) {
        if (caller == Caller.Buyer) return buyer;
        if (caller == Caller.OtherBuyer) return vm.addr(OTHER_BUYER_KEY);
        if (caller == Caller.Trainer) return owner(0);
        if (caller == Caller.Validator) return owner(1);
        if (caller == Caller.Aggregator) return aggregator;
        if (caller == Caller.OtherAggregator) return vm.addr(OTHER_AGGREGATOR_KEY);
        return stranger;
    }

    function reach(Stage stage) internal {
        if (stage == Stage.None) return;
        assertEq(post(), JOB, "id");
        if (stage == Stage.Posted) return;
        if (stage == Stage.PostedLate) return vm.warp(START_BY + 1);
        if (stage == Stage.Cancelled) {
            vm.prank(buyer);
            return market.cancelJob(JOB);
        }
        start(JOB, 1, 1);
        evaluate(stage);
        if (stage == Stage.RunningLate || stage == Stage.EvaluatedLate || stage == Stage.TrainedOverdue) {
            vm.warp(FINISH_BY + 1);
        }
        if (stage == Stage.TrainedLate || stage == Stage.Expired) vm.warp(FINALIZE_BY + 1);
        if (stage == Stage.Finished) finalize(JOB);
        if (stage == Stage.Expired) market.expireJob(JOB);
    }

    function evaluate(Stage stage) private {
        if (checkpointsAt(stage) == 0) return;
        record(JOB, plain(0, 10 * WAD, none()));
        record(JOB, plain(1, 6 * WAD, all(1, 8 * WAD)));
        if (checkpointsAt(stage) == 3) record(JOB, last(2, 5 * WAD, all(1, 6 * WAD)));
    }

    function checkpointsAt(Stage stage) internal pure returns (uint32) {
        if (stage == Stage.Evaluated || stage == Stage.EvaluatedLate) return 2;
        return stage >= Stage.Trained && stage != Stage.Cancelled ? 3 : 0;
    }

    function startedAt(Stage stage) internal pure returns (bool) {
        return stage >= Stage.Running && stage != Stage.Cancelled;
    }

    function stateAt(Stage stage) internal pure returns (IMarketplace.JobState) {
        if (stage == Stage.None) return IMarketplace.JobState.None;
        if (stage <= Stage.PostedLate) return IMarketplace.JobState.Posted;
        if (stage <= Stage.TrainedLate) return IMarketplace.JobState.Running;
        if (stage == Stage.Finished) return IMarketplace.JobState.Finished;
        return stage == Stage.Expired ? IMarketplace.JobState.Expired : IMarketplace.JobState.Cancelled;
    }

    function name(Stage stage) internal pure returns (string memory) {
        string[STAGES] memory names = [
            "None",
            "Posted",
            "PostedLate",
            "Running",
            "RunningLate",
            "Evaluated",
            "EvaluatedLate",
            "Trained",
            "TrainedOverdue",
            "TrainedLate",
            "Finished",
            "Expired",
            "Cancelled"
        ];
        return names[uint256(stage)];
    }

    function name(Caller caller) internal pure returns (string memory) {
        string[CALLERS] memory names =
            ["Buyer", "OtherBuyer", "Trainer", "Validator", "Aggregator", "OtherAggregator", "Stranger"];
        return names[uint256(caller)];
    }

    /// @dev Owners 2 and 3 work for the other buyer.
    function startOtherJob() private {
        IMarketplace.JobTerms memory terms = defaultTerms();
        terms.aggregator = account(Caller.OtherAggregator);
        vm.prank(account(Caller.OtherBuyer));
        market.createJob{value: OTHER_DEPOSIT}(terms);
        bytes[] memory signatures = new bytes[](2);
        signatures[0] = signed(ownerKey(2), market.hashAcceptance(OTHER_JOB, owner(2), EITHER));
        signatures[1] = signed(ownerKey(3), market.hashAcceptance(OTHER_JOB, owner(3), EITHER));
        vm.prank(terms.aggregator);
        market.startJob(OTHER_JOB, owners(2, 1), owners(3, 1), signatures, OTHER_SEED_HASH);
    }
}
