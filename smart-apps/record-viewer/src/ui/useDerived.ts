import { useMemo } from 'preact/hooks';
import { allergiesOf, problemsOf } from '../record/lists';
import { latestContact } from '../record/latest';
import { medicines } from '../record/medications';
import { notesOf } from '../record/notes';
import { useFeed, usePage } from './context';

/** Derivations that several parts of the page share, each from its feeds. */
export function useMedicines() {
  const state = useFeed(usePage().store.medications);
  return useMemo(() => medicines(state.items, state.included), [state.items, state.included]);
}

export function useNotes() {
  const { store } = usePage();
  const documents = useFeed(store.documents).items;
  const reports = useFeed(store.reports).items;
  return useMemo(() => notesOf(documents, reports), [documents, reports]);
}

export function useLatest() {
  const { store, now } = usePage();
  const encounters = useFeed(store.encounters).items;
  return useMemo(() => latestContact(encounters, now), [encounters, now]);
}

export function useAllergies() {
  const { items } = useFeed(usePage().store.allergies);
  return useMemo(() => allergiesOf(items), [items]);
}

export function useProblems() {
  const { items } = useFeed(usePage().store.conditions);
  return useMemo(() => problemsOf(items), [items]);
}
