// The unification service: the one way by which a text becomes a task's locked specification.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/asked.h"
#include "engine/setup.h"
#include "store/store.h"

namespace vitana::engine {

/// A text from a source that is not git, on its way to be registered.
struct Submission {
  std::optional<Vtid> vtid;  ///< absent: read from the text, or, for drafts and intakes, allocated
  std::string text;
  domain::Provenance provenance;
  std::string file;          ///< the name that diagnostics use
  bool resolve = false;      ///< a person chooses this text among differing ones
  bool allow_jump = false;   ///< a number far beyond the last one is meant
  std::string agent;         ///< asked for, for this task; empty: the configured one
  std::optional<domain::DeliveryMode> delivery = {};
  std::string repo;          ///< where it is delivered; empty: the only configured repository
};

/// A task without a text of its own, or with its description as one.
struct NewTask {
  std::optional<Vtid> vtid = {};  ///< absent: allocated
  std::string title;
  std::string description = {};
  std::string repo = {};    ///< empty: the only configured one
  bool allow_jump = false;  ///< as of a submission
};

/// What a source's text became.
struct Registered {
  Vtid vtid;
  domain::UnifyOutcome outcome;
  int version = 0;  ///< the current one; 0 where there is none
  Digest digest;
  domain::Task task;
};

/// What one file of a repository became. Outcomes: registered unchanged held completed invalid
/// ignored conflict renamed missing.
struct FileOutcome {
  std::string path;
  std::optional<Vtid> vtid;
  std::string outcome;
  std::string reason;
  std::string digest;
  int line = 0;  ///< where `reason` is found; 0: no place in the file is meant
};

struct RepoSync {
  std::string repo;
  std::string commit;
  bool changed = false;  ///< false: the branch stands where it stood, nothing was read
  std::vector<FileOutcome> files;
};

/// What a file of a branch that registers nothing would become. Outcomes are those of a sync, but for `valid` in the
/// place of `registered`.
struct PreviewedFile {
  FileOutcome outcome;
  std::vector<domain::Diagnostic> diagnostics;
};
struct BranchPreview {
  std::vector<PreviewedFile> files;  ///< none: the branch changes no spec
  bool more = false;                 ///< than `preview_files_max`
};

/// Whether a repository whose ids are local asks all others for their numbers, or leaves out those on
/// other machines, which may not answer for long and are read by their own scans.
enum class Others { asked, near };

class Registry {
 public:
  Registry(store::Store& store, port::Entropy& entropy, const Setup& setup);

  /// Validates a text, locks it as a version, makes and schedules its task, all in one unit; or
  /// leaves nothing behind. Identical content is a no-op.
  /// Errors: SPEC_INVALID (diagnostics in the context), SPEC_CONFLICT (all candidates in the
  /// context), VTID_*, REPO_UNKNOWN, AGENT_UNKNOWN, STORE_*; NOT_ALLOWED: the number is another repository's, or a
  /// jump is asked for, which is for who reaches everything; REPO_UNSETTLED, see look().
  Result<Registered> submit(const Submission& submission, const Asked& asked);

  /// As submit(), inside a unit of a caller that writes more in the same transaction.
  Result<Registered> submit_in(store::Ledger& ledger, const Submission& submission, const Asked& asked);

  /// Is there a repository of that name, for who asks? Empty: the only configured one. Errors: REPO_UNKNOWN.
  Result<void> require_repo(const std::string& repo, const Asked& asked) const;

  /// What was registered last for a task. REQUIRES: something was.
  static Registered registered(store::Ledger& ledger, Vtid vtid);

  /// Reads every spec file of one repository that is not yet read, by the difference between the
  /// last synced commit's tree and the branch's tip. Idempotent; may be killed anywhere. The first
  /// time, and in a restored store, it also ends what was delivered before (RepoRow::unsettled).
  /// Where ids are local, other repositories that were never read are asked which numbers they hold.
  /// Errors: REPO_UNAVAILABLE, BRANCH_MISSING, GIT_FAILED, CANCELLED, STORE_*; STATE_REFUSED - a number
  /// is needed, and a repository that may hold it was never read.
  Result<RepoSync> sync(const RepoSetup& repo, Others others = Others::asked);

  /// Judges the specs in which a branch differs from where it left the configured one, by the rules of that one and
  /// against all that is registered now, and registers nothing.
  /// Errors: as sync(), but for BRANCH_MISSING.
  Result<BranchPreview> preview(const RepoSetup& repo, const port::BranchBeside& branch);

  /// Syncs every repository: before a person's text is taken in or a number is given out, what is
  /// committed already must be known. One on another machine that was read before is left to its next
  /// scan: it may be slow or out of reach.
  /// Errors: as sync(), of a repository that this store has never read; REPO_UNSETTLED: it was never read, is on
  /// another machine, and nobody waits for it here (Setup::waits_for_none).
  Result<void> look();

  /// Is there one valid, locked text for this VTID? Reads all sources; unifies them if needed.
  /// Errors: SPEC_NOT_FOUND (saying where it looked), SPEC_INVALID, SPEC_CONFLICT,
  /// CHECKSUM_MISMATCH, NOT_FOUND.
  Result<domain::SpecVersion> enforce_spec_requirement(Vtid vtid);

  /// The ledger's own text of tasks: makes each, with SPEC_NOT_FOUND where no source has a spec, or
  /// registers the description where it is a valid one. All of them, or none, in one unit.
  /// Errors: as submit(), and STATE_REFUSED where a task exists; of several with `index`, from 0, in the context.
  Result<std::vector<domain::Task>> create_tasks(std::span<const NewTask> tasks, const Asked& asked);
  Result<domain::Task> create_task(const NewTask& task, const Asked& asked);

  /// Recomputes what a task waits for from its dependencies; called when one of them changed.
  Result<void> refresh_dependencies(store::Ledger& ledger, Vtid vtid);

  /// `waits` with its dependency fields as they are now.
  domain::Waits dependency_waits(store::Ledger& ledger, domain::Waits waits, Vtid vtid);

 private:
  struct File;
  struct SyncRange;
  struct Unification;

  Result<domain::Task> create_in(store::Ledger& ledger, const NewTask& wanted, const Asked& asked);
  Result<Registered> unify_in(store::Ledger& ledger, Vtid vtid, const Unification& how);
  Result<void> lock(store::Ledger& ledger, Vtid vtid, const store::CandidateRow& chosen,
                    const Unification& how);
  void report_rivals(store::Ledger& ledger, Vtid vtid, const std::vector<store::CandidateRow>& rows,
                     const std::vector<std::size_t>& rivals, const std::string& actor);
  domain::Task task_or_new(store::Ledger& ledger, Vtid vtid, const std::string& repo,
                           const std::string& actor);
  std::string where_looked() const;
  Result<Vtid> id_of(store::Ledger& ledger, const Submission& submission,
                     const domain::SpecReading& reading);
  Result<RepoSync> read_branch(const RepoSetup& repo);
  Result<store::RepoRow> known(const RepoSetup& repo);
  /// Which numbers were given out before, as far as this repository knows: those of its deliveries
  /// and its files (RepoRow::unnumbered).
  Result<void> note_numbers(const std::string& repo,
                            const std::vector<port::DeliveryTrailer>& trailers,
                            const std::vector<File>& files);
  Result<void> learn_numbers(const RepoSetup& repo);
  /// A task that was cancelled while nobody knew what became of its push is completed by what is found.
  Result<void> close_delivered(store::Ledger& ledger, const std::vector<port::DeliveryTrailer>& trailers);
  /// Tasks whose current text stands in a delivery's trailers are completed, their runs cancelled.
  Result<void> settle_known_deliveries(const std::string& repo);
  Result<std::vector<File>> read_files(const RepoSetup& repo, const std::string& from,
                                       const std::string& to, domain::SpecProfile profile);
  /// Without authors and dates.
  Result<std::vector<File>> parse_files(const RepoSetup& repo, std::vector<port::TreeChange> changes,
                                        domain::SpecProfile profile);
  /// What texts are held to at `commit`. Where the repository's own file cannot be read as rules, those
  /// that were known of it hold on; where none were, a person permits each task.
  Result<domain::SpecRules> rules_at(const RepoSetup& repo, const std::string& commit,
                                     const store::RepoRow& row) const;
  Result<void> read_authors(const RepoSetup& repo, const std::string& from, const std::string& to,
                            std::vector<File>& files);
  /// Files whose texts changed places while all the paths stayed, which git calls changes: new path,
  /// old path.
  std::map<std::string, std::string> changed_places(store::Ledger& ledger, const std::string& repo,
                                                    std::span<const File> files);
  /// Gives files of a repository with local ids their numbers, and finds the specs
  /// that lie elsewhere now (`range.moved`).
  /// `begun`: a sync that did not end has given the numbers that moved to their new places already.
  Result<void> number_files(store::Ledger& ledger, const RepoSetup& repo, std::span<const File> files,
                            bool begun, SyncRange& range);
  /// A file that nobody adopted is the same one where it lies now.
  void carry_unadopted(store::Ledger& ledger, const RepoSetup& repo, std::span<const File> files,
                       const SyncRange& range);
  Result<void> take_in(store::Ledger& ledger, const RepoSetup& repo, const SyncRange& range,
                       std::span<const File> files, RepoSync& report);
  /// What became of one source may be the end, or the beginning, of a file's conflict: those whose outcome is
  /// another one now, each recorded.
  struct Neighbour {
    std::string repo;
    FileOutcome now;
  };
  std::vector<Neighbour> tell_neighbours(store::Ledger& ledger, const Registered& registered);
  /// Texts that were refused because their task would have waited for itself, when others have changed:
  /// those that close no circle any more are registered. The answer is what became of their files.
  Result<std::vector<Neighbour>> judge_circles(store::Ledger& ledger, const std::string& actor);
  FileOutcome outcome_of(store::Ledger& ledger, const domain::Candidate& candidate,
                         const Registered& registered);

  store::Store& store_;
  port::Entropy& entropy_;
  const Setup& setup_;
};

/// A number that no task ever had. Errors: STATE_REFUSED while a repository was never read by this
/// store, or not since it was restored: it may hold numbers that were given out before.
Result<Vtid> new_vtid(store::Ledger& ledger, const Setup& setup);

/// Does a chain of dependencies lead from `vtid` back to itself? One that goes on beyond `dependencies_max`
/// tasks counts as if it did.
bool dependency_cycle(store::Ledger& ledger, Vtid vtid, const std::vector<Vtid>& on);
/// Makes a candidate that waits for `on` invalid where that would close a circle.
void refuse_cycle(store::Ledger& ledger, store::CandidateRow& row, const std::vector<Vtid>& on);

inline constexpr std::size_t spec_bytes_max = 1 << 20;
inline constexpr std::uint32_t vtid_jump_max = 100'000;
/// The reason of a held file whose own author holds it.
inline constexpr const char* held_by_author = "front matter status: draft";
inline constexpr int circles_per_unit = 1000;
inline constexpr std::size_t dependencies_max = 10'000;
inline constexpr std::size_t dependents_per_page = 1000;
inline constexpr std::size_t sync_files_per_unit = 200;
inline constexpr std::size_t preview_files_max = 200;

}  // namespace vitana::engine
