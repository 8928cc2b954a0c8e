#include "app/restore.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "app/data_folder.h"
#include "app/system.h"
#include "engine/conduct.h"

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

/// Makes a backup's copy ready beside the database: whole, of a new epoch, paused. Only then may it
/// take the database's place.
Result<void> prepare_copy(const fs::path& backup, const fs::path& fresh,
                          const std::vector<config::Repo>& repos) {
  std::error_code error;
  const fs::path work = fresh.string() + ".work";
  const auto clear = [&] {
    for (const char* companion : {"", "-wal", "-shm"}) fs::remove(work.string() + companion, error);
  };
  clear();
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
  auto begun = (*store)->commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.begin_epoch();
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
  if (auto written = (*store)->backup(fresh.string()); !written) return written;
  store->reset();
  clear();
  return {};
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
Result<std::string> place_backup(const fs::path& backup, const fs::path& database,
                                 const std::vector<config::Repo>& repos) {
  const fs::path fresh = database.string() + ".restoring";
  if (auto ready = prepare_copy(backup, fresh, repos); !ready) return failure(std::move(ready.error()));
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
  if (auto made = data.make(); !made) return failure(std::move(made.error()));
  auto lock = FileLock::take(data.lock().string());
  if (!lock) return failure(std::move(lock.error()));
  auto kept = place_backup(backup, data.database(), config.config.repos);
  if (!kept) return kept;

  cli::OpenOptions again = options;
  again.create = true;
  auto session = AppSession::open(std::move(config.config), config.file, again, parts);
  if (!session) return failure(std::move(session.error()));
  auto& engine = (*session)->engine();
  if (auto freed = engine.runs.end_dead_incarnations(incarnation()); !freed) {
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
