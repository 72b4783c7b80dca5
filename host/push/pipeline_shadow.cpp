// The pipeline's part in a shadow run: the candidates beside what is current, and what becomes of the push.
#include "push/pipeline.h"

namespace hotline {

PushOutcome Pipeline::begin_shadow(PushRun run, const CanaryPlan& plan, const PushListener& told) {
  shadow_ = std::make_unique<Shadow>(std::move(run), plan, world_.slots, told, mono_ms());
  if (!shadow_->has_control()) {
    const std::unique_ptr<Shadow> none = std::move(shadow_);
    none->end(mono_ms());
    return go_on(std::move(none->run()), plan, told);
  }
  PushRun& its = shadow_->run();
  if (!serve_shadow(its.out)) {
    PushRun failed = std::move(its);
    shadow_.reset();
    return refuse(failed);
  }
  PushOutcome begun = its.out;
  begun.outcome = "shadow";
  begun.modules = shadow_->report(mono_ms()).modules;
  publish(begun);
  return begun;
}

// What is current goes on as it is; the candidates stand beside it. False: the shards did not come together.
bool Pipeline::serve_shadow(PushOutcome& out) {
  Result<LiveTarget::ServedSet> current = served_set(world_, {}, {});
  Result<LiveTarget::ServedSet> shadow = served_set(world_, shadow_->run().candidates, {});
  if (!current || !shadow) {
    out.refusals.push_back({{}, (current ? shadow : current).error().message});
    return false;
  }
  return serve_beside({.current = *current,
                       .candidate = {},
                       .share = {},
                       .shadow = *shadow,
                       .tally = shadow_->tally(),
                       .measures_all = !gates_.empty()},
                      out);
}

void Pipeline::look_at_shadow() {
  const Shadow::Look look = shadow_->look(mono_ms());
  if (look.next == Shadow::Next::back) {
    take_back_shadow("refused", look.why);
  } else if (look.next == Shadow::Next::go_on) {
    end_shadow();
  }
}

// The push goes on as if there had been none. At the barrier where it does, the copies end.
PushOutcome Pipeline::end_shadow() {
  const std::unique_ptr<Shadow> done = std::move(shadow_);
  done->end(mono_ms());
  PushOutcome outcome = go_on(std::move(done->run()), done->plan(), done->told());
  if (!outcome.is_under_way() && done->told().ended) done->told().ended(outcome);
  return outcome;
}

PushOutcome Pipeline::take_back_shadow(const char* outcome, const std::string& why) {
  const std::unique_ptr<Shadow> done = std::move(shadow_);
  done->end(mono_ms());
  PushRun& run = done->run();
  run.out.modules = done->report(mono_ms()).modules;
  for (const Candidate& candidate : run.candidates)
    run.out.refusals.push_back(
        {candidate.file, candidate.generation->manifest().label() + " refused: " + why});
  PushOutcome taken = refuse(run, outcome);
  if (done->told().ended) done->told().ended(taken);
  return taken;
}

}  // namespace hotline
