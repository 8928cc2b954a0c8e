#include "sql/fault.h"

#include "base/check.h"

namespace vitana::sql {

std::string_view name_of(Constraint constraint) {
  switch (constraint) {
    case Constraint::none:
      return "none";
    case Constraint::unique:
      return "unique";
    case Constraint::foreign_key:
      return "foreign_key";
    case Constraint::not_null:
      return "not_null";
    case Constraint::check:
      return "check";
    case Constraint::trigger:
      return "trigger";
  }
  CHECK(false);
}

Fault::Fault(Error error, Constraint constraint)
    : error_(std::move(error)), constraint_(constraint), what_(to_string(error_)) {}

}  // namespace vitana::sql
