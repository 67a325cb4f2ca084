/** @import { Account } from "./api.js" */
import { request } from "./api.js";

/** @typedef {{ id: number, username: string, display_name: string, is_bot: boolean, admin: boolean, active: boolean }} Person */
/** @typedef {{ id: number, device: string, created_at: string, used_at: string, is_this: boolean }} Session */
/** @typedef {{ id: number, uses_left: number, created_at: string, expires_at: string, made_by: string | null }} Invitation */

/** @param {{ secret: string, username: string, password: string, display_name?: string }} person @returns {Promise<Account>} */
export const join = (person) => request("POST", "/join", person);

/** @param {string} secret @param {string} password the new one @returns {Promise<Account>} */
export const signInByLink = (secret, password) => request("POST", "/session/link", { secret, password });

/** @param {{ username: string, display_name: string }} names @returns {Promise<Account>} */
export const changeNames = (names) => request("PATCH", "/account", names);

/** @param {string} current "" if there is none @param {string} next @returns {Promise<void>} */
export const changePassword = (current, next) => request("PUT", "/account/password", { current, new: next });

/** @param {string} password @returns {Promise<void>} */
export const deleteOwnAccount = (password) => request("POST", "/account/deletion", { password });

/** @returns {Promise<Session[]>} */
export const listSessions = () => request("GET", "/sessions");

/** @param {number} id @returns {Promise<void>} */
export const endSession = (id) => request("DELETE", `/sessions/${id}`);

/** In the order of their usernames. @param {{ q: string, after: string, limit: number }} page @returns {Promise<Person[]>} */
export const listPeople = ({ q, after, limit }) =>
  request("GET", `/accounts?${new URLSearchParams({ after, limit: `${limit}`, ...(q && { q }) })}`);

/** @param {string} username @param {{ admin?: boolean, active?: boolean }} change @returns {Promise<Person>} */
export const changePerson = (username, change) => request("PATCH", `/accounts/${encodeURIComponent(username)}`, change);

/** @param {string} username @returns {Promise<void>} */
export const deletePerson = (username) => request("DELETE", `/accounts/${encodeURIComponent(username)}`);

/** @param {string} username @returns {Promise<{ address: string, expires_at: string }>} */
export const createSignInLink = (username) => request("POST", "/sign-in-links", { username });

/** @returns {Promise<Invitation[]>} */
export const listInvitations = () => request("GET", "/invitations");

/** @param {{ uses: number, days: number }} order @returns {Promise<{ address: string, invitation: Invitation }>} */
export const createInvitation = (order) => request("POST", "/invitations", order);

/** @param {number} id @returns {Promise<void>} */
export const revokeInvitation = (id) => request("DELETE", `/invitations/${id}`);
