#include "engine/labels.h"

#include <algorithm>

#include "domain/labels.h"

namespace vitana::engine {

std::vector<std::string> needed_labels(const Setup& setup, const std::string& agent, const std::string& repo) {
  std::vector<std::string> needed;
  const auto add = [&](const std::vector<std::string>& labels) {
    for (const auto& label : labels) {
      if (std::find(needed.begin(), needed.end(), label) == needed.end()) needed.push_back(label);
    }
  };
  if (const auto of = setup.agent_labels.find(agent); of != setup.agent_labels.end()) add(of->second);
  if (const auto* of = setup.repo(repo)) add(of->labels);
  return needed;
}

bool fits(const Setup& setup, const std::vector<std::string>& labels, const std::string& agent,
          const std::string& repo) {
  return domain::covers(labels, needed_labels(setup, agent, repo));
}

void leave_out_unfit(const Setup& setup, const std::vector<std::string>& labels, domain::Step step,
                     store::WorkFilter& filter) {
  for (const auto& [agent, needed] : setup.agent_labels) {
    if (step == domain::Step::execute && !domain::covers(labels, needed)) filter.without_agents.insert(agent);
  }
  for (const auto& repo : setup.repos) {
    if (!domain::covers(labels, repo.labels)) filter.without_repos.insert(repo.name);
  }
}

}  // namespace vitana::engine
