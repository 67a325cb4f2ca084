/**
 * What a person is told of an error. The codes are those of app/chinwag/errors.py and app/chinwag/web/problems.py, whose own texts are for
 * programmers, and the page's own.
 * @type {Record<string, string>}
 */
const TEXTS = {
  account_exists: "There is somebody of this name already.",
  bad_json: "The server could not read what this page sent.",
  bad_message: "It has something in it that cannot be stored, such as a NUL character.",
  bad_request: "The server does not accept this.",
  body_too_big: "It is too long for this server.",
  cancelled: "It was cancelled.",
  content_is_empty: "There is nothing to read in it.",
  content_too_long: "It is too long for this server.",
  database_unavailable: "The server cannot reach its database.",
  disconnected: "There is no connection.",
  head_too_large: "The server does not accept what this browser sent with it.",
  host_not_allowed: "This server is not known by the name in the address bar.",
  internal: "The server failed. Its log says why.",
  method_not_allowed: "The server does not know what this page asked for. Reload the page.",
  no_such_account: "There is nobody of this name.",
  no_such_session: "This browser is signed out already.",
  no_such_thread: "There is no such chat.",
  not_found: "The server does not have what this page asked for.",
  not_signed_in: "You are not signed in.",
  origin_not_allowed: "The server does not accept anything from this address.",
  password_refused: "A password has 8 to 256 characters and is hard to guess.",
  request_timeout: "It took too long to reach the server.",
  search_busy: "Too many searches run just now. Try again.",
  search_too_long: "The search took too long. Search for rarer words.",
  server_stopping: "The server is stopping.",
  sign_in_busy: "Too many people sign in just now. Try again.",
  thread_busy: "This chat is busy.",
  title_is_wrong: "A title has 1 to 200 characters.",
  too_many_connections: "The server has as many visitors as it takes.",
  too_many_exports: "Too many chats are being exported just now. Try again.",
  too_many_requests: "That was too much at once.",
  too_many_sign_ins: "That was tried too often. Try again in a quarter of an hour.",
  try_again: "The server cannot do this just now.",
  unreachable: "The server cannot be reached.",
  unsupported_media_type: "The server does not know what this page sent. Reload the page.",
  upgrade_required: "The server does not know what this page asked for. Reload the page.",
  username_refused: "A name has 1 to 32 small letters, digits, dots, hyphens and underscores.",
  wrong_password: "The name or the password is wrong.",
};

/** @param {string} code */
export const textOf = (code) => TEXTS[code] ?? `Something went wrong (${code}).`;
