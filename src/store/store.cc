#include "store/store.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "sql/open.h"
#include "sql/postgres.h"
#include "store/audit.h"
#include "store/committer.h"
#include "store/schema.h"
#include "store/setup.h"

namespace vitana::store {
namespace {

constexpr std::string_view memory = ":memory:";

/// Connections for reading: opened as they are needed, kept for the next.
class ReaderPool {
 public:
  static constexpr std::size_t readers_max = 16;  ///< beyond it a reader waits for another to end

  explicit ReaderPool(const StoreOptions& options)
      : options_{.database = options.path, .mode = sql::OpenMode::read_only, .prepared = options.prepared} {}

  /// Throws Fault.
  std::unique_ptr<sql::Connection> take() {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return taken_ < readers_max; });
    ++taken_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    lock.unlock();
    auto opened = sql::open(options_);
    if (opened) return std::move(*opened);
    give(nullptr);
    throw sql::Fault(opened.error());
  }

  void give(std::unique_ptr<sql::Connection> connection) {
    {
      const std::lock_guard lock(mutex_);
      --taken_;
      if (connection && connection->transaction() == sql::TransactionState::none) {
        idle_.push_back(std::move(connection));
      }
    }
    free_.notify_one();
  }

 private:
  const sql::OpenOptions options_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<sql::Connection>> idle_;
  std::size_t taken_ = 0;
};

Error as_store_error(Error error, OpenMode mode) {
  if (error.code == FailureCode::FILE_UNREADABLE) {
    error.code = mode == OpenMode::client ? FailureCode::NOT_FOUND : FailureCode::STORE_FAILED;
  }
  return error;
}

}  // namespace

class Store::Impl {
 public:
  Impl(const StoreOptions& options, std::unique_ptr<sql::Connection> connection, port::Clock& clock)
      : clock_(clock),
        shared_(options.path == memory),
        writer_(std::move(connection)),
        committer_(*writer_, clock, options.around_commit),
        readers_(options) {}

  Committer& committer() { return committer_; }
  Instant now() { return clock_.now(); }
  bool shared_by_hosts() const { return writer_->traits().clock; }

  /// Runs `work` on a connection that is not in use, outside a transaction.
  template <typename Work>
  void on_reader(Work&& work) {
    if (shared_) {
      committer_.between_batches([&](sql::Connection& connection) { work(connection); });
      return;
    }
    struct Loan {
      ReaderPool& pool;
      std::unique_ptr<sql::Connection> connection = pool.take();
      ~Loan() { pool.give(std::move(connection)); }
    } loan{readers_};
    work(*loan.connection);
  }

  template <typename Work>
  void in_snapshot(Work&& work) {
    on_reader([&](sql::Connection& connection) {
      const sql::Transaction snapshot(connection, sql::TransactionState::read);
      work(connection);
    });
  }

 private:
  port::Clock& clock_;
  const bool shared_;  ///< a database in memory has one connection for all
  std::unique_ptr<sql::Connection> writer_;
  Committer committer_;
  // Closed before the writer: the last connection that closes folds the log into the file, and one
  // that only reads cannot.
  ReaderPool readers_;
};

bool is_on_server(std::string_view path) { return sql::is_postgres_address(path); }
std::string shown_path(std::string_view path) {
  return is_on_server(path) ? sql::shown_address(path) : std::string(path);
}
bool holds_password(std::string_view path) { return is_on_server(path) && sql::holds_password(path); }

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, port::Clock& clock,
                                           port::Entropy& entropy) {
  const auto mode = options.mode == OpenMode::client ? sql::OpenMode::read_write
                                                     : sql::OpenMode::read_write_create;
  auto connection = sql::open({.database = options.path, .mode = mode, .prepared = options.prepared});
  if (!connection) return failure(as_store_error(std::move(connection.error()), options.mode));
  auto ready = sql::attempt([&] {
    prepare(**connection, options.path, options.mode, migrations((*connection)->traits().ddl), clock.now(), entropy);
  });
  if (!ready) return failure(std::move(ready.error()).with("path", shown_path(options.path)));
  if (options.pages_max > 0) {
    const auto bound = fmt::format("PRAGMA max_page_count = {}", options.pages_max);
    auto done = sql::attempt([&] { (*connection)->query(bound); });
    if (!done) return failure(std::move(done.error()));
  }
  return std::unique_ptr<Store>(
      new Store(std::make_unique<Impl>(options, std::move(*connection), clock)));
}

Result<void> Store::commit(const Unit& unit) { return impl_->committer().commit(unit); }
void Store::start_committer() { impl_->committer().start(); }
std::size_t Store::drain() { return impl_->committer().drain(); }
std::size_t Store::waiting() const { return impl_->committer().waiting(); }
BatchFigures Store::batches() const { return impl_->committer().batches(); }

bool Store::shared_by_hosts() const { return impl_->shared_by_hosts(); }
std::uint64_t Store::commits() const { return impl_->committer().commits(); }

bool Store::wait_for_commit(std::uint64_t seen, Duration timeout) {
  return impl_->committer().wait_for_commit(seen, timeout);
}

Result<void> Store::read(const std::function<Result<void>(Reader&)>& ask) {
  Result<void> answer;
  auto read = sql::attempt([&] {
    impl_->in_snapshot([&](sql::Connection& connection) {
      Reader reader(connection, impl_->now());
      answer = ask(reader);
    });
  });
  if (!read) return read;
  return answer;
}

Result<void> Store::backup(const std::string& path) {
  return sql::attempt(
      [&] { impl_->on_reader([&](sql::Connection& connection) { connection.backup_to(path); }); });
}

Result<std::vector<Store::Damage>> Store::audit(const std::optional<ChainHead>& expect) {
  return sql::attempt([&] {
    std::vector<Damage> damages;
    impl_->in_snapshot(
        [&](sql::Connection& connection) { damages = Audit(connection, expect).run(); });
    return damages;
  });
}

}  // namespace vitana::store
