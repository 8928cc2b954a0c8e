#include "app/restore.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "app/data_folder.h"
#include "app/database.h"
#include "app/repositories.h"
#include "app/system.h"
#include "engine/conduct.h"
#include "git/run.h"

namespace vitana::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* restore_actor = "restore";

/// Does the file begin as every SQLite database does? https://sqlite.org/fileformat.html, 1.3
bool is_database(const fs::path& file) {
  constexpr std::string_view magic("SQLite format 3\0", 16);
  std::ifstream in(file, std::ios::binary);
  std::string begin(magic.size(), '\0');
  return !in || (in.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == magic);
}

/// Counts the run that a file or a ref is named after, where it is one: what somebody else put there
/// under an absurd number is none of ours.
void count_run(std::string_view name, store::GivenIds& given) {
  constexpr int attempt_max = 100'000;
  const auto run = RunId::parse(name);
  if (run && run->attempt <= attempt_max) given.add(*run);
}

/// The runs that left something beside the store, whatever became of it: a log, a kept commit.
store::GivenIds told_by_files(const DataFolder& data) {
  constexpr std::string_view log = ".log";
  store::GivenIds given;
  std::error_code error;
  for (fs::directory_iterator file(data.logs(), error), end; !error && file != end; file.increment(error)) {
    const auto name = file->path().filename().string();
    if (name.ends_with(log)) count_run(name.substr(0, name.size() - log.size()), given);
  }
  const git::Git git(git_options());
  error.clear();
  for (fs::directory_iterator mirror(data.mirrors(), error), end; !error && mirror != end; mirror.increment(error)) {
    const auto refs = git.run({.args = {"for-each-ref", "--format=%(refname)", "refs/vitana/keep/"},
                               .git_dir = mirror->path()});
    if (!refs) continue;  // a mirror may be damaged, and is made again
    std::istringstream lines(*refs);
    for (std::string ref; std::getline(lines, ref);) count_run(ref.substr(ref.rfind('/') + 1), given);
  }
  return given;
}

/// What is read of the database that stands there, before a backup takes its place.
struct Replaced {
  std::string store_id;
  store::GivenIds ids;
};

/// Nothing of it where it cannot be opened or read: that is why one restores.
Replaced look_at(const fs::path& database) {
  SystemClock clock;
  SystemEntropy entropy;
  Replaced replaced;
  if (!fs::exists(database)) return replaced;
  auto store = store::Store::open({database.string(), store::OpenMode::client}, clock, entropy);
  if (!store) return replaced;
  (void)(*store)
      ->read([&](store::Reader& reader) -> Result<void> {
        replaced.store_id = reader.store_id();
        replaced.ids = reader.given_ids();
        return {};
      })
      .has_value();
  return replaced;
}

/// Another store's backup is no earlier state of this one.
Result<void> belongs_here(store::Store& copy, const Replaced& replaced, const DataFolder& data) {
  return copy.read([&](store::Reader& reader) -> Result<void> {
    const auto id = reader.store_id();
    if (replaced.store_id.empty() || id == replaced.store_id) return {};
    return failure(Error{FailureCode::STATE_REFUSED,
                         fmt::format("the backup is of the store {}, and {} is the store {}", id,
                                     data.database().string(), replaced.store_id)}
                       .with("hint", fmt::format("to begin with that backup, move {} away", data.root().string())));
  });
}

/// What a copy under work leaves goes with it, whatever comes of it.
class WorkFiles {
 public:
  explicit WorkFiles(std::string path) : path_(std::move(path)) { clear(); }
  ~WorkFiles() { clear(); }
  WorkFiles(const WorkFiles&) = delete;
  WorkFiles& operator=(const WorkFiles&) = delete;

 private:
  void clear() {
    std::error_code error;
    for (const char* companion : {"", "-wal", "-shm"}) fs::remove(path_ + companion, error);
  }
  std::string path_;
};

/// Makes a backup's copy ready beside the database: whole, of a new epoch, paused, and past every id
/// that was given out since the backup. Only then may it take the database's place.
Result<void> prepare_copy(const fs::path& backup, const fs::path& fresh, const DataFolder& data,
                          const std::vector<config::Repo>& repos) {
  std::error_code error;
  const fs::path work = fresh.string() + ".work";
  const WorkFiles cleared(work.string());
  fs::remove(fresh, error);
  if (!is_database(backup)) {
    return failure(Error{FailureCode::STORE_DAMAGED, fmt::format("{} is no backup", backup.string())}
                       .with("hint", "vitana restore FILE, with a file that vitana backup FILE made"));
  }
  if (!fs::copy_file(backup, work, error)) {
    return failure(FailureCode::FILE_UNREADABLE, fmt::format("{}: {}", backup.string(), error.message()));
  }
  SystemClock clock;
  SystemEntropy entropy;
  auto store = store::Store::open({work.string(), store::OpenMode::engine}, clock, entropy);
  if (!store) return failure(std::move(store.error()).under("the backup cannot be used"));
  auto damage = (*store)->audit(std::nullopt);
  if (!damage) return failure(std::move(damage.error()));
  if (!damage->empty()) {
    return failure(FailureCode::STORE_DAMAGED,
                   fmt::format("the backup is damaged: {}: {}", damage->front().where, damage->front().what));
  }
  const auto replaced = look_at(data.database());
  if (auto ours = belongs_here(**store, replaced, data); !ours) return ours;
  const auto told = told_by_files(data);
  auto begun = (*store)->commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.begin_epoch(replaced.ids.epoch);
    ledger.note(replaced.ids);
    ledger.note(told);
    ledger.append({domain::EventType::store_restored, std::nullopt, std::nullopt, restore_actor, "{}"});
    ledger.put(store::ControlRow{engine::execution_control,
                                 {false, "restored from a backup", restore_actor, std::nullopt, ledger.now()}});
    for (const auto& repo : repos) {
      auto row = ledger.repo(repo.name).value_or(store::RepoRow{.name = repo.name});
      row.unsettled = row.unnumbered = true;
      ledger.put(row);
    }
    return {};
  });
  if (!begun) return begun;
  // One plain file, without a log beside it, whole and on disk.
  return (*store)->backup(fresh.string());
}

/// Folds the log of the database that stands there into its file, and keeps that file by another
/// name, which is the answer. At no moment is there no database. Empty: there was none.
Result<std::string> keep_old(const fs::path& database) {
  if (!fs::exists(database)) return "";
  {
    SystemClock clock;
    SystemEntropy entropy;
    // Closing the last connection does it. A store that cannot be opened is why one restores.
    (void)store::Store::open({database.string(), store::OpenMode::client}, clock, entropy).has_value();
  }
  std::error_code error;
  const fs::path kept = fmt::format("{}.before-restore-{}", database.string(),
                                    to_us(SystemClock().now()));
  fs::create_hard_link(database, kept, error);
  if (error) return failure(FailureCode::STORE_FAILED, fmt::format("{}: {}", kept.string(), error.message()));
  for (const char* companion : {"-wal", "-shm"}) {
    const fs::path old = database.string() + companion;
    if (fs::exists(old)) fs::rename(old, kept.string() + companion, error);
  }
  return kept.string();
}

/// Puts a copy of the backup in the database's place. Where what was there is kept.
Result<std::string> place_backup(const fs::path& backup, const DataFolder& data,
                                 const std::vector<config::Repo>& repos) {
  const fs::path database = data.database();
  const fs::path fresh = database.string() + ".restoring";
  if (auto ready = prepare_copy(backup, fresh, data, repos); !ready) return failure(std::move(ready.error()));
  auto kept = keep_old(database);
  if (!kept) return kept;
  std::error_code error;
  fs::rename(fresh, database, error);
  if (error) return failure(FailureCode::STORE_FAILED, fmt::format("{}: {}", database.string(), error.message()));
  return kept;
}

}  // namespace

Result<std::string> restore(const std::string& backup, OperatorConfig config, const cli::OpenOptions& options,
                            const Parts& parts) {
  const DataFolder data(fs::absolute(config.config.server.data).lexically_normal());
  const auto database = database_of(options, config.config, data);
  if (!database) return failure(database.error());
  if (database->on_server) {
    return failure(Error{FailureCode::USAGE, fmt::format("the store is {}", database->shown)}.with(
        "hint", "a database on a server is restored by the server's own tools: stop all engines, then pg_restore"));
  }
  if (auto made = data.make(); !made) return failure(std::move(made.error()));
  auto lock = FileLock::take(data.lock().string());
  if (!lock) return failure(std::move(lock.error()));
  auto kept = place_backup(backup, data, config.config.repos);
  if (!kept) return kept;

  cli::OpenOptions again = options;
  again.create = true;
  auto session = AppSession::open(std::move(config.config), config.file, again, parts);
  if (!session) return failure(std::move(session.error()));
  auto& engine = (*session)->engine();
  if (auto freed = engine.runs.end_dead_incarnations(incarnation((*session)->home())); !freed) {
    return failure(std::move(freed.error()));
  }
  // Twice: a repository may need to know first which numbers another one has seen.
  std::optional<Error> first_error;
  for (int round = 1; round <= 2; ++round) {
    first_error.reset();
    for (const auto& repo : engine.setup().repos) {
      auto synced = engine.registry.sync(repo);
      if (synced || first_error) continue;
      first_error = std::move(synced.error())
                        .under(fmt::format("the backup is in its place; repository {} is held until "
                                           "it can be read: vitana spec sync", repo.name));
    }
    if (!first_error) return kept;
  }
  return failure(std::move(*first_error).with("kept", *kept));
}

}  // namespace vitana::app
