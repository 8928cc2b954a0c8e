// The shapes of single values: addresses, names, paths, places of secrets. Not for use outside
// config/.
#pragma once

#include <string>
#include <string_view>

namespace vitana::config {

/// "HOST:PORT" or "[V6]:PORT", port 0 to 65535.
bool is_listen_address(std::string_view text);
/// "http://HOST" or "https://HOST", with or without ":PORT", and nothing else: in lower case, without
/// the port that the scheme has anyway.
bool is_origin(std::string_view text);
/// "env:NAME" or "file:PATH".
bool is_secret_reference(std::string_view text);
bool is_database_address(std::string_view text);
/// An address with a user part that carries a credential, or a password among its parameters.
bool holds_password(std::string_view address);
/// https, http, ssh, git, file, or USER@HOST:PATH; nothing that git would read as an option or run.
bool is_repository_address(std::string_view text);
/// http or https, with a host, and nothing that breaks a line.
bool is_web_address(std::string_view text);
/// Of a repository's address: the host in lower case, and "owner/name"; empty where there is none.
std::string repository_host(std::string_view url);
std::string repository_project(std::string_view url);
/// "owner/name", or deeper: components of letters, digits, '.', '_', '-'.
bool is_project(std::string_view text);
/// Letters, digits, '.', '_', '-', at most 64, the first a letter or a digit.
bool is_name(std::string_view text);
/// By git's rules for names of refs.
bool is_branch_name(std::string_view text);
/// A DNS name or address, "*." before it or ":PORT" after it allowed.
bool is_host(std::string_view text);
/// "Name <address>".
bool is_author(std::string_view text);
/// Relative and without a ".." component.
bool stays_inside(std::string_view path);

/// `path` from `base`, by its letters alone; as it is when absolute or without a base.
std::string resolved(const std::string& base, const std::string& path);
/// The last folder of a path or address, without ".git".
std::string last_component(std::string_view text);

}  // namespace vitana::config
