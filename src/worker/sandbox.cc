#include "worker/sandbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "base/utf8.h"
#include "git/room.h"
#include "process/run.h"
#include "worker/readable.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::string_view workspace_path = "/workspace";
constexpr std::string_view exchange_path = "/run/vitana";
constexpr std::string_view home_path = "/run/home";
constexpr std::string_view prlimit_program = "/usr/bin/prlimit";
constexpr std::size_t reason_bytes = 300;
constexpr std::string_view probe_script =
    "for f in /proc/sys/*/* /proc/sysrq-trigger; do"
    " test ! -w $f || { echo \"a program inside could write $f\" >&2; exit 1; }; done";
// Of the machine's kernel, in the private /proc too. It asks here for the user's number outside, not for
// capabilities, and in every user namespace the engine's root is root; bubblewrap leaves /proc/sys open.
constexpr std::string_view kernel_places[] = {
    "/proc/sys", "/proc/sysrq-trigger", "/proc/irq",  "/proc/bus",
    "/proc/fs",  "/proc/acpi",          "/proc/scsi", "/proc/mtrr",
    "/proc/pressure"};
// In memory, and gone with the sandbox.
constexpr std::string_view private_mounts[] = {"/dev/shm", "/tmp", "/var/tmp", home_path};

// What programs commonly need of /etc to resolve names, trust certificates, find libraries.
// Not all of /etc/ssl and /etc/pki: an engine that runs as root could read the private keys there.
constexpr std::string_view etc_entries[] = {"alternatives",
                                            "ca-certificates",
                                            "ca-certificates.conf",
                                            "fonts",
                                            "group",
                                            "host.conf",
                                            "hosts",
                                            "ld.so.cache",
                                            "ld.so.conf",
                                            "ld.so.conf.d",
                                            "localtime",
                                            "magic",
                                            "mailcap",
                                            "mime.types",
                                            "nsswitch.conf",
                                            "passwd",
                                            "perl",
                                            "pki/ca-trust",
                                            "pki/tls/certs",
                                            "protocols",
                                            "python3",
                                            "resolv.conf",
                                            "rpc",
                                            "services",
                                            "ssl/certs",
                                            "ssl/openssl.cnf",
                                            "terminfo",
                                            "timezone"};
constexpr std::string_view etc_prefixes[] = {"java", "python3."};

class Arguments {
 public:
  void add(std::initializer_list<std::string> values) { values_.insert(values_.end(), values); }
  void read_only(const fs::path& path) { add({"--ro-bind-try", path.string(), path.string()}); }
  void small_tmpfs(std::string_view path, std::uint64_t bytes) {
    add({"--size", std::to_string(bytes), "--tmpfs", std::string(path)});
  }
  std::vector<std::string> take() { return std::move(values_); }

 private:
  std::vector<std::string> values_;
};

void add_system(Arguments& arguments) {
  arguments.add({"--ro-bind", "/usr", "/usr"});
  for (const auto* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    const fs::path path = fs::path("/") / name;
    std::error_code error;
    if (fs::is_symlink(path, error)) {
      arguments.add({"--symlink", fs::read_symlink(path, error).string(), path.string()});
    } else if (fs::is_directory(path, error)) {
      arguments.read_only(path);
    }
  }
  for (const auto name : etc_entries) arguments.read_only(fs::path("/etc") / name);
  std::error_code error;
  for (fs::directory_iterator at("/etc", error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (std::ranges::any_of(etc_prefixes, [&](auto prefix) { return name.starts_with(prefix); })) {
      arguments.read_only(at->path());
    }
  }
}

// The order matters: what comes later lies over what came before.
std::vector<std::string> wrapper(const SandboxOptions& options, const Confinement& confinement,
                                 const std::vector<fs::path>& readable, bool nests) {
  Arguments arguments;
  arguments.add({options.bubblewrap, "--unshare-all"});
  if (!nests) arguments.add({"--unshare-user", "--disable-userns"});
  if (confinement.network) arguments.add({"--share-net"});
  arguments.add({"--die-with-parent", "--new-session", "--cap-drop", "ALL"});
  add_system(arguments);
  arguments.add({"--proc", "/proc", "--dev", "/dev"});
  for (const auto place : kernel_places) arguments.read_only(place);
  for (const auto mount : private_mounts) arguments.small_tmpfs(mount, options.tmp_bytes);
  for (const auto& path : visible_paths(readable, options.masked)) arguments.read_only(path);
  for (const auto& path : masks_within(readable, options.masked)) {
    arguments.add({"--tmpfs", path.string(), "--remount-ro", path.string()});
  }
  if (!confinement.objects.empty()) {
    arguments.add({"--ro-bind", confinement.objects.string(), confinement.objects.string()});
  }
  if (!confinement.exchange.empty()) {
    arguments.add({"--bind", confinement.exchange.string(), std::string(exchange_path)});
  }
  arguments.add({"--bind", confinement.workspace.string(), std::string(workspace_path), "--chdir",
                 std::string(workspace_path), "--remount-ro", "/dev", "--remount-ro", "/", "--"});
  return arguments.take();
}

// Within the sandbox's user namespace the kernel counts its tasks alone (threads too, so there is
// room for some). What is counted from outside is counted too late for a program that does nothing
// but fork. For root the kernel does not hold to it; there the supervisor comes first.
void add_process_limit(std::vector<std::string>& argv, int processes) {
  std::error_code error;
  if (processes <= 0 || !fs::exists(prlimit_program, error)) return;
  argv.insert(argv.end(), {std::string(prlimit_program),
                           fmt::format("--nproc={}", 2 * std::int64_t{processes} + 64), "--"});
}

bool is_system(const fs::path& path) {
  const auto text = path.string();
  return text.starts_with("/usr/") || text.starts_with("/bin/") || text.starts_with("/lib");
}

// PATH inside: the system's folders, and those of PATH that the program may read anyway.
std::string path_inside(const SandboxOptions& options, const std::vector<fs::path>& readable) {
  std::string result;
  std::string_view rest = options.path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const std::string folder(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool usable =
        is_system(folder + "/") || folder == "/sbin" ||
        std::ranges::any_of(readable, [&](const auto& path) { return is_within(folder, path); });
    if (!usable) continue;
    if (!result.empty()) result += ':';
    result += folder;
  }
  return result.empty() ? "/usr/local/bin:/usr/bin:/bin" : result;
}

process::Environment environment_of(const Confinement& confinement, std::string path,
                                    const std::string& home, const std::string& tmp) {
  process::Environment result{{"PATH", std::move(path)}, {"HOME", home},     {"TMPDIR", tmp},
                              {"LANG", "C.UTF-8"},       {"USER", "vitana"}, {"LOGNAME", "vitana"}};
  for (const auto& [name, value] : confinement.environment) result.insert_or_assign(name, value);
  return result;
}

}  // namespace

namespace {

SandboxProbe try_sandbox(const SandboxOptions& options, bool nests) {
  Confinement confinement;
  confinement.workspace = "/usr";  // any folder that is there; nothing is written
  auto argv = wrapper(options, confinement, {}, nests);
  argv.insert(argv.end(), {"/bin/sh", "-c", std::string(probe_script)});
  const auto ran = process::run({.argv = std::move(argv),
                                 .cwd = "/",
                                 .environment = {{"PATH", options.path}},
                                 .input = {},
                                 .deadline = 10s});
  if (!ran) return {false, ran.error().message};
  if (ran->ok()) return {true, {}, nests};
  std::string reason(utf8_prefix(printable(ran->err.text), reason_bytes));
  while (!reason.empty() && reason.back() == '\n') reason.pop_back();
  if (reason.empty()) reason = ran->timed_out ? "it does not end" : "it fails without a word";
  return {false, reason};
}

}  // namespace

SandboxProbe probe_sandbox(const SandboxOptions& options) {
  if (auto found = process::find_program(options.bubblewrap, options.path); !found) {
    return {false, fmt::format("{} is not installed", options.bubblewrap)};
  }
  auto strict = try_sandbox(options, false);
  if (strict.available) return strict;
  auto nesting = try_sandbox(options, true);
  if (nesting.available) nesting.reason = std::move(strict.reason);
  return nesting;
}

const SandboxProbe& Sandbox::probe() const {
  std::call_once(probed_, [this] {
    probe_ = options_.mode == domain::SandboxMode::off
                 ? SandboxProbe{false, "it is switched off ([worker] sandbox)"}
                 : probe_sandbox(options_);
  });
  return probe_;
}

bool Sandbox::active() const { return probe().available; }

fs::path Sandbox::workspace_inside(const fs::path& outside) const {
  return active() ? fs::path(workspace_path) : outside;
}

fs::path Sandbox::exchange_inside(const fs::path& outside) const {
  return active() ? fs::path(exchange_path) : outside;
}

Result<SupervisedCommand> Sandbox::prepare(const Confinement& confinement) const {
  if (!active() && options_.mode == domain::SandboxMode::require) {
    return failure(FailureCode::SANDBOX_UNAVAILABLE,
                   fmt::format("the sandbox does not work here: {}", probe().reason));
  }
  auto program = resolve_program(confinement.argv, confinement.workspace, options_.path);
  if (!program) return failure(std::move(program.error()));

  SupervisedCommand command;
  command.input = confinement.input;
  command.limits = confinement.limits;
  if (!active()) {
    const auto home = confinement.scratch / "home";
    const auto tmp = confinement.scratch / "tmp";
    std::error_code error;
    fs::create_directories(home, error);
    if (!error) fs::create_directories(tmp, error);
    if (error)
      return failure(git::workspace_error(confinement.scratch, "no scratch folder: " + error.message()));
    command.argv = confinement.argv;
    if (!program->in_workspace) command.argv[0] = program->start.string();
    command.cwd = confinement.workspace;
    command.environment = environment_of(confinement, options_.path, home.string(), tmp.string());
    return command;
  }
  auto readable = confinement.read;
  readable.insert(readable.end(), program->readable.begin(), program->readable.end());
  command.argv = wrapper(options_, confinement, readable, probe().nests);
  add_process_limit(command.argv, confinement.limits.processes);
  if (!program->in_workspace) {
    command.argv.push_back(program->start.string());
    command.argv.insert(command.argv.end(), confinement.argv.begin() + 1, confinement.argv.end());
  } else {
    command.argv.insert(command.argv.end(), confinement.argv.begin(), confinement.argv.end());
  }
  command.cwd = "/";
  command.wrapped = true;
  command.limits.private_mounts.assign(std::begin(private_mounts), std::end(private_mounts));
  auto path = path_inside(options_, readable);
  if (!program->path_entry.empty()) path = program->path_entry.string() + ":" + path;
  command.environment =
      environment_of(confinement, std::move(path), std::string(home_path), "/tmp");
  return command;
}

}  // namespace vitana::worker
