// Findings about texts, as `spec validate` and `spec sync` print them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/vtid.h"
#include "domain/diagnostic.h"
#include "wire/json.h"

namespace vitana::wire {

/// {"rule","severity","message","file","line","column","hint"}
Json diagnostic_json(const domain::Diagnostic& diagnostic);
Json diagnostics_json(const std::vector<domain::Diagnostic>& diagnostics);

struct ValidatedFile {
  std::string path;
  bool valid = false;
  std::optional<Vtid> vtid = {};
  std::string title = {};
  std::optional<Digest> digest = {};  ///< absent when the file could not be read
  std::vector<domain::Diagnostic> diagnostics = {};
};

/// {"files":[{"path","valid","vtid","title","digest","diagnostics":[…]}]}; what is not known is
/// null.
Json validation_json(const std::vector<ValidatedFile>& files);

struct SyncedFile {
  std::string path;
  std::optional<Vtid> vtid = {};
  std::string
      outcome;  ///< registered unchanged held completed invalid ignored conflict renamed missing
  std::string reason = {};
  std::string digest = {};  ///< written form; empty when the file was not read
};

struct SyncedRepo {
  std::string name;
  std::string commit;
  std::vector<SyncedFile> files = {};
};

/// {"repos":[{"name","commit","files":[{"path","vtid","outcome","reason","digest"}]}]}
Json sync_json(const std::vector<SyncedRepo>& repos);

}  // namespace vitana::wire
