// vitana task …: what became of tasks, and what persons decide about them.
#pragma once

#include <optional>
#include <string>

#include "cli/call.h"

namespace vitana::cli {

struct ListOptions {
  std::string status;
  std::string code;
  std::string repo;
  int limit = 50;
  std::string sort = "newest";
  std::string after;  ///< the cursor of the page before
};
Answer task_list(Call& call, const ListOptions& options);
Answer task_show(Call& call, const std::string& vtid);
Answer task_why(Call& call, const std::string& vtid);

struct CreateOptions {
  bool intake = false;
  std::string title;
  std::string description;  ///< a file, "-" for stdin
  std::string vtid;
  std::string repo;
  bool allow_jump = false;
};
/// With a title: a row of the ledger. With `intake`: asks three questions, shows the text that the
/// answers make, and registers it. An answer of one line ends with its line; the others end with a
/// line that holds only "." or with the end of the input. Where stdin is no terminal the answers
/// are read by the same rules and nothing is confirmed.
Answer task_create(Call& call, const CreateOptions& options);

Answer task_approve(Call& call, const std::string& vtid);
Answer task_retry(Call& call, const std::string& vtid, const std::string& reason);
Answer task_cancel(Call& call, const std::string& vtid, const std::string& reason);
/// `text` "-" is stdin.
Answer task_answer(Call& call, const std::string& vtid, const std::string& text);

struct SignOffOptions {
  std::string vtid;
  std::string criterion;  ///< empty: all that are open
  bool met = true;
  std::string reason;
};
Answer task_sign_off(Call& call, const SignOffOptions& options);

/// Prints the task's events until it has ended or waits for a person. 0 only when it is completed.
Answer task_watch(Call& call, const std::string& vtid);

/// Of which run; 0: the newest.
struct OfRun {
  std::string vtid;
  int attempt = 0;
};
Answer task_log(Call& call, const OfRun& of, bool follow);
Answer task_diff(Call& call, const OfRun& of);
Answer task_evidence(Call& call, const OfRun& of);

}  // namespace vitana::cli
