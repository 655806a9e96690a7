import { defineMessages } from '@/i18n/messages';

export default defineMessages({
  en: {
    name: 'Linear regression',
    waiting: {
      train: 'Waiting for trainers to train on their rows',
      refresh: 'Waiting for the buyer to refresh the encryption',
      evaluate: 'Waiting for validators to measure the model',
      square: 'Waiting for the buyer to square masked errors',
      unmask: 'Waiting for validators to unmask their errors',
      open: 'Waiting for the buyer to open the error',
      verify: 'Waiting for validators to check the errors of the others',
      deliver: 'Waiting for the buyer to sign what was delivered',
    },
    learns: {},
    consents: {},
  },
  es: {
    name: 'Regresión lineal',
    waiting: {
      train: 'Esperando a que los entrenadores entrenen con sus filas',
      refresh: 'Esperando a que el comprador renueve el cifrado',
      evaluate: 'Esperando a que los validadores midan el modelo',
      square: 'Esperando a que el comprador eleve al cuadrado errores enmascarados',
      unmask: 'Esperando a que los validadores desenmascaren sus errores',
      open: 'Esperando a que el comprador abra el error',
      verify: 'Esperando a que los validadores comprueben los errores de los demás',
      deliver: 'Esperando a que el comprador firme lo entregado',
    },
    learns: {},
    consents: {},
  },
});
